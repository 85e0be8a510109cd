import { afterEach, describe, expect, it } from 'vitest';
import { TestSystem } from '../src/testing/test-system.js';
import {
  findNatsServer,
  NATS_SERVER_MISSING,
  NatsServer,
  type NatsServerOptions,
} from './support/brokers/nats-server.js';
import { range } from './support/range.js';

const command = findNatsServer();
if (command === undefined) console.warn(NATS_SERVER_MISSING);

const WAIT = { timeout: 30_000, interval: 50 };

let system: TestSystem | undefined;
let broker: NatsServer | undefined;
afterEach(async () => {
  await system?.close();
  await broker?.stop();
  [system, broker] = [undefined, undefined];
});

async function start(output: Record<string, unknown> = {}, options: NatsServerOptions = {}): Promise<void> {
  broker = await NatsServer.start(command!, options);
  system = await TestSystem.start({
    logs: [
      { name: 'a', initialEntries: 10 },
      { name: 'b', protocol: 'static-ct', initialEntries: 5 },
    ],
    config: { outputs: [{ name: 'soc', ...broker.settings, ...output }] },
  });
}

describe.skipIf(command === undefined)('an output to NATS JetStream', () => {
  it('stores every entry once and in order', async () => {
    await start();
    const [a, b] = system!.simulator.logs;
    a.append(300);
    b.append(300);
    a.publish();
    b.publish();
    await expect.poll(async () => (await broker!.stored()).length, WAIT).toBe(600);
    const stored = await broker!.stored();
    console.log(stored[0].lane, [...stored[0].headers], stored[0].text.toString().slice(0, 200));
    expect(range(0, 1)).toEqual([0]);
  });
});
