import { afterEach, expect, it } from 'vitest';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

const INITIAL = 10;
let system: TestSystem;
afterEach(() => system?.close());

const FAULTS: readonly (readonly [name: string, fault: FaultKind])[] = [
  ['issuers are missing', { kind: 'status', status: 404 }],
  ['issuers have a flipped bit', { kind: 'flip-byte' }],
  ['issuers are HTML', { kind: 'html' }],
];

for (const [name, fault] of FAULTS) {
  it(`${name} → entries arrive with a chain that ends early and is counted; ${NOTHING_LOST}`, async () => {
    system = await TestSystem.start({
      logs: [{ name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL }],
    });
    const [log] = system.simulator.logs;
    const handle = log.faults.add({ ...fault, endpoint: 'issuer' });
    const indices = new LogIndices(await system.connect('/full-stream'));
    log.append(20);
    log.publish();
    await handle.fired;
    await indices.upTo(INITIAL + 20, log);
    for (const { data } of indices.reader.updates()) expect(data.chain).toEqual([]);
    expect(statsOf(system, log)!.unresolvedIssuers).toBeGreaterThan(0);
    handle.remove();
    log.append(20);
    log.publish();
    await indices.upTo(INITIAL + 40, log);
    expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 40));
  });
}
