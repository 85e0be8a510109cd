import { describe, expect, it, onTestFinished } from 'vitest';
import { natsOutput } from '../src/config/sections/outputs/nats.js';
import { MessagesRefusedError, type OutputEngine } from '../src/outputs/engine/output-engine.js';
import { natsSource } from '../src/outputs/nats/nats-source.js';
import {
  findNatsServer,
  NATS_SERVER_MISSING,
  NatsServer,
  type NatsServerOptions,
} from './support/brokers/nats-server.js';
import { messagesOf, numberedMessages } from './support/output-messages.js';
import { range } from './support/range.js';

const command = findNatsServer();
if (command === undefined) console.warn(NATS_SERVER_MISSING);

const running = new AbortController().signal;

async function start(options: NatsServerOptions = {}): Promise<NatsServer> {
  const broker = await NatsServer.start(command!, options);
  onTestFinished(() => broker.stop());
  return broker;
}

async function opener(
  broker: NatsServer,
  keys: Record<string, unknown> = {},
): Promise<() => Promise<OutputEngine>> {
  const settings = { name: 'soc', body: 'json_lines', ...broker.settings, ...keys };
  const source = await natsSource(natsOutput.parse(settings));
  return async () => {
    const engine = await source.open(running);
    onTestFinished(() => engine.close());
    return engine;
  };
}

async function lines(broker: NatsServer): Promise<number[][]> {
  return (await broker.stored()).map(({ text }) =>
    text
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { index: number }).index),
  );
}

describe.skipIf(command === undefined)('an output to NATS JetStream with body: json_lines', () => {
  it('stores the entries of each record in one message, once', async () => {
    const broker = await start();
    const open = await opener(broker);
    const delivery = [...numberedMessages(0, 10), ...numberedMessages(10, 5)];
    await (await open()).send(delivery, running);
    await (await open()).send(delivery, running);
    expect(await lines(broker)).toEqual([range(0, 10), range(10, 15)]);
    const [{ headers, id }] = await broker.stored();
    expect(id).toMatch(/:0-9\/10$/);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('Nats-Msg-Id')).toMatch(new RegExp(`^certstream\\.lite\\..*${id}$`));
  });

  it('makes messages no larger than max_msg_size of the stream, and refuses only entries above it', async () => {
    const broker = await start();
    await broker.createStream({ name: 'SMALL', subjects: ['certstream.>'], max_msg_size: 4096 });
    const texts = range(0, 10).map((index) =>
      JSON.stringify({ index, text: 'x'.repeat(index === 4 ? 4096 : 600) }),
    );
    const error: unknown = await (
      await (
        await opener(broker)
      )()
    )
      .send(messagesOf(texts), running)
      .catch((e: unknown) => e);
    expect((error as MessagesRefusedError).refused.map(({ message }) => message.index)).toEqual([4]);
    const stored = await lines(broker);
    expect(stored.flat()).toEqual(range(0, 10).filter((index) => index !== 4));
    expect(stored.length).toBeLessThan(9);
  });

  it('makes smaller messages if the stream refuses one, without a right to ask for its limit', async () => {
    const permissions = 'permissions: { publish: ["certstream.>"], subscribe: ["soc.>"] }';
    const broker = await start({
      config: `authorization { users: [
        { user: admin, password: hunter2 }
        { user: publisher, password: hunter2, ${permissions} }
      ] }`,
      client: { user: 'admin', pass: 'hunter2' },
    });
    await broker.createStream({ name: 'SMALL', subjects: ['certstream.>'], max_msg_size: 16_384 });
    const access = { username: 'publisher', password: 'hunter2', inbox_prefix: 'soc' };
    const open = await opener(broker, access);
    const texts = range(0, 100).map((index) => JSON.stringify({ index, text: 'x'.repeat(600) }));
    const messages = messagesOf(texts);
    for (let tries = 0; ; tries++) {
      const failure = await (await open()).send(messages, running).then(
        () => undefined,
        (error: Error) => error,
      );
      if (failure === undefined) break;
      expect(failure.message).toContain('the next ones are smaller');
      expect(tries).toBeLessThan(5);
    }
    const stored = (await lines(broker)).flat();
    expect([...new Set(stored)].toSorted((a, b) => a - b)).toEqual(range(0, 100));
  });
});
