import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IncomingLogRequest } from '../log/request-context.js';
import { LogFixture } from '../testing/log-fixture.js';
import { addRandomFailures } from './random-failures.js';

const REQUEST: IncomingLogRequest = {
  endpoint: 'get-sth',
  method: 'GET',
  path: '/ct/v1/get-sth',
  query: new URLSearchParams(),
  headers: {},
};
let fixture: LogFixture;
beforeAll(async () => (fixture = await LogFixture.start()));
afterAll(() => fixture.simulator.close());

/** Returns how many of `requests` requests are hit by at least one fault. */
function failing(requests: number): number {
  const hit = Array.from({ length: requests }, () => fixture.log.faults.take(REQUEST).length > 0);
  return hit.filter(Boolean).length;
}

it('makes about the given share of requests fail, until it is ended', () => {
  const failures = addRandomFailures([fixture.log], 0.3, [{ kind: 'status', status: 500 }]);
  const failed = failing(1000);
  expect(failures.counts()).toEqual({ '500': failed });
  expect(failed).toBeGreaterThan(230);
  expect(failed).toBeLessThan(370);
  failures.end();
  expect(failing(100)).toBe(0);
});

it('spreads the failures over all kinds', () => {
  const failures = addRandomFailures([fixture.log], 0.3, [
    { kind: 'status', status: 429 },
    { kind: 'html' },
    { kind: 'truncate' },
  ]);
  failing(1000);
  const counts = failures.counts();
  expect(Object.keys(counts)).toEqual(['429', 'html', 'truncate']);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50);
  failures.end();
});
