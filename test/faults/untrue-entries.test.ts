import { afterEach, expect, it } from 'vitest';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

const INITIAL = 300;
const FAULTS = [
  ['a bit of a leaf is flipped', { kind: 'flip-leaf', type: 'x509_entry' }],
  ['an entry is repeated', { kind: 'duplicate-entry' }],
  ['entries are in wrong order', { kind: 'reorder-entries' }],
  ['an entry is left out', { kind: 'skip-entry' }],
] as const;
let system: TestSystem;
afterEach(() => system?.close());

for (const [name, what] of FAULTS) {
  it(`${name} in a page → the signed tree reveals it, the right entries are fetched and streamed, and all entries are proven`, async () => {
    system = await TestSystem.start({ logs: [{ name: 'rfc', initialEntries: INITIAL, pageSize: 64 }] });
    const [log] = system.simulator.logs;
    const indices = new LogIndices(await system.connect('/'));
    const isProven = (size: number) => () => statsOf(system, log)!.verifiedIndex === size;
    await system.eventually(isProven(INITIAL), 'the first proof');
    const fault = log.faults.add({ ...what, endpoint: 'get-entries', at: 3, times: 1 });
    log.append(20);
    log.publish();
    await fault.fired;
    await system.eventually(isProven(INITIAL + 20), 'the proof of all entries');
    expect(statsOf(system, log)!.correctedEntries).toBeGreaterThan(0);
    await indices.upTo(INITIAL + 20, log);
    const streamed = new Set(indices.of(log));
    expect([...streamed].sort((a, b) => a - b)).toEqual(range(INITIAL, INITIAL + 20));
  });
}
