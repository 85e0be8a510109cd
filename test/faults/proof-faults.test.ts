import { afterEach, expect, it } from 'vitest';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';

const INITIAL = 300;
const PROOFS = ['get-entry-and-proof', 'get-proof-by-hash', 'get-sth-consistency', 'tile-hash'] as const;
const FAULTS: readonly (readonly [name: string, fault: FaultKind])[] = [
  ['proofs and hash tiles are missing', { kind: 'status', status: 404 }],
  ['proofs and hash tiles have a flipped bit', { kind: 'flip-byte' }],
  ['proofs and hash tiles break off', { kind: 'truncate' }],
];
let system: TestSystem;
afterEach(() => system?.close());

for (const [name, fault] of FAULTS) {
  it(`${name} → entries are streamed without waiting for proofs; ${NOTHING_LOST}`, async () => {
    system = await TestSystem.prepare({
      logs: [
        { name: 'rfc', initialEntries: INITIAL },
        { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
      ],
    });
    const { logs } = system.simulator;
    const handles = logs.map((log) => log.faults.add({ ...fault, endpoint: PROOFS }));
    await system.startServer();
    await system.following();
    const indices = new LogIndices(await system.connect('/'));
    for (const log of logs) {
      log.append(20);
      log.publish();
    }
    await Promise.all(handles.map(({ fired }) => fired));
    await indices.upTo(INITIAL + 20, ...logs);
    for (const handle of handles) handle.remove();
    for (const log of logs) {
      log.append(20);
      log.publish();
    }
    await indices.upTo(INITIAL + 40, ...logs);
    for (const log of logs) expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 40));
  });
}
