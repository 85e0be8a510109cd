import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Fleet } from '../bench/support/fleet.js';
import { logsOfOutputsTest, runOutputsTest } from '../bench/support/outputs-test-run.js';
import { startOutputs } from '../bench/support/test-outputs.js';
import { findNatsServer, NATS_SERVER_MISSING } from './support/brokers/nats-server.js';

const COMMAND = {
  node: process.execPath,
  nodeFlags: [],
  bin: join(import.meta.dirname, '../dist/cli/bin.js'),
  environment: {},
};
const OPTIONS = { kills: 1, disturbances: 1, outage: 0, seconds: 3, rate: 200, logs: 2, seed: 14 };

const hasNats = findNatsServer() !== undefined;
if (!hasNats) console.warn(NATS_SERVER_MISSING);

// The short form of `npm run outputs-test`, with the built server.
describe('outputs of a server that is killed, and whose brokers are killed', () => {
  it.skipIf(!hasNats)(
    'JetStream and files: every entry arrives, in order, and clients get every entry without a gap',
    async () => {
      const lines: string[] = [];
      const print = (line: string): unknown => lines.push(line);
      const outputs = await startOutputs(['nats', 'file'], print);
      const logs = await Fleet.start(logsOfOutputsTest(OPTIONS));
      onTestFinished(async () => {
        await Promise.all([logs.stop(), ...outputs.map(({ broker }) => broker.stop())]);
      });
      const { mistakes, entries } = await runOutputsTest(
        { ...OPTIONS, print, command: COMMAND },
        logs,
        outputs,
      );
      expect(mistakes, lines.join('\n')).toEqual([]);
      expect(entries).toBeGreaterThan(200);
    },
  );
});
