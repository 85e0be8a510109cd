import { afterAll, beforeAll, expect, it } from 'vitest';
import { LogFixture, STH } from '../testing/log-fixture.js';
import { addRandomFailures } from './random-failures.js';

let fixture: LogFixture;
beforeAll(async () => (fixture = await LogFixture.start()));
afterAll(() => fixture.simulator.close());

it('lets about as many requests fail as it is told, until it is ended', async () => {
  const failures = addRandomFailures([fixture.log], 0.3, [{ kind: 'status', status: 500 }]);
  const statuses: number[] = [];
  for (let i = 0; i < 300; i++) statuses.push((await fixture.get(STH)).status);
  const failed = statuses.filter((status) => status === 500).length;
  expect(failures.counts()).toEqual({ '500': failed });
  expect(failed).toBeGreaterThan(60);
  expect(failed).toBeLessThan(120);
  failures.end();
  for (let i = 0; i < 30; i++) expect((await fixture.sth()).isSigned).toBe(true);
});

it('spreads them over all ways to fail', async () => {
  const failures = addRandomFailures([fixture.log], 0.5, [
    { kind: 'status', status: 429 },
    { kind: 'html' },
    { kind: 'truncate' },
  ]);
  for (let i = 0; i < 100; i++) await fixture.get(STH);
  const counts = failures.counts();
  expect(Object.keys(counts)).toEqual(['429', 'html', 'truncate']);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(3);
  failures.end();
});
