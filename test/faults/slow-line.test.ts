import { afterEach, describe, expect, it } from 'vitest';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

const INITIAL = 10;
/** Much less time than the entries take on the slow line. */
const TIMEOUT_SECONDS = 4;
/** 12.5 KB per second. */
const SLOW_LINE = { kind: 'slow-loris', bytes: 1250, intervalMs: 100 } as const;
/** 500 octets per second. */
const DRIP = { kind: 'slow-loris', bytes: 50, intervalMs: 100 } as const;

let system: TestSystem;
afterEach(() => system.close());

describe.each([
  { protocol: 'rfc6962', added: 50 },
  { protocol: 'static-ct', added: 200 },
] as const)('$protocol', ({ protocol, added }) => {
  it('a line on which a page takes several times the limit → the page arrives at the first try; a much slower line times out', async () => {
    system = await TestSystem.start({
      logs: [{ name: 'slow', protocol, initialEntries: INITIAL }],
      config: { ct_log: { request_timeout_seconds: TIMEOUT_SECONDS, compression: false } },
    });
    const log = system.simulator.log('slow');
    const endpoint = ['get-entries', 'tile-data'] as const;
    const line = log.faults.add({ ...SLOW_LINE, endpoint });
    const indices = new LogIndices(await system.connect('/'));
    log.append(added);
    log.publish();
    await indices.upTo(INITIAL + added, log);
    expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + added));
    const { errors } = statsOf(system, log)!;
    expect(errors.get('CT_TIMEOUT')).toBeUndefined();
    line.remove();

    const drip = log.faults.add({ ...DRIP, endpoint });
    log.append(added);
    log.publish();
    await system.eventually(() => errors.get('CT_TIMEOUT') !== undefined, 'the limit');
    drip.remove();
    await indices.upTo(INITIAL + 2 * added, log);
    expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 2 * added));
  });
});
