import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from '../../src/simulator/log/reply.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';

const INITIAL = 300;
const COSIGNATURES = 16;
/** Octets of a cosignature with ML-DSA-87: key id, timestamp, signature. */
const COSIGNATURE_BYTES = 4639;
const FORMS = ['rfc6962', 'static-ct'] as const;

let system: TestSystem;
let indices: LogIndices;

beforeAll(async () => {
  const logs = FORMS.map((protocol) => ({
    name: protocol,
    protocol,
    // Signatures of the same length: heads of the same length follow each other.
    keyType: 'rsa' as const,
    headValidators: 'file' as const,
    initialEntries: INITIAL,
  }));
  system = await TestSystem.start({
    logs: [...logs, { name: 'witnessed', protocol: 'static-ct', initialEntries: 5 }],
  });
  indices = new LogIndices(await system.connect('/'));
});
afterAll(() => system?.close());

const secondOf = (log: SimulatedLog): number => Math.floor(log.head.timestamp / 1000);

async function grow(log: SimulatedLog): Promise<void> {
  log.append(1);
  log.publish();
  await system.eventually(() => statsOf(system, log)!.treeSize === log.size, `head ${log.size}`);
}

describe('heads', () => {
  it.each(FORMS)(
    'two of the same length within one second, from a file server (%s) → the second is seen without a third',
    async (protocol) => {
      const log = system.simulator.log(protocol);
      for (let isSame = false; !isSame;) {
        await grow(log);
        const second = secondOf(log);
        await grow(log);
        isSame = secondOf(log) === second;
      }
      await indices.upTo(log.size, log);
      expect(indices.of(log)).toEqual(range(INITIAL, log.size));
    },
  );

  it('a checkpoint with 16 cosignatures of 4,639 octets → it is accepted', async () => {
    const log = system.simulator.log('witnessed');
    const cosignatures = Array.from({ length: COSIGNATURES }, (_, n) => {
      const bytes = randomBytes(COSIGNATURE_BYTES).toString('base64');
      return `— witness-${n}.example.org/w ${bytes}\n`;
    });
    const reply = (given: Reply): Reply => ({
      ...given,
      body: Buffer.concat([given.body, Buffer.from(cosignatures.join(''))]),
    });
    log.faults.add({ endpoint: 'checkpoint', kind: 'custom', hooks: { reply } });
    for (let i = 0; i < 3; i++) await grow(log);
    await indices.upTo(log.size, log);
    expect(statsOf(system, log)!.errors.size).toBe(0);
  });
});
