import { DiscardPolicy } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import {
  MessagesRefusedError,
  type OutputEngine,
  type RefusedMessage,
} from '../src/outputs/engine/output-engine.js';
import type { OutputMessage } from '../src/outputs/messages/output-message.js';
import { failureOf, HAS_NATS, indices, open, start } from './support/nats-engine-system.js';
import { messagesOf, numberedMessages } from './support/output-messages.js';
import { range } from './support/range.js';

const running = new AbortController().signal;

async function refusedBy(
  engine: OutputEngine,
  messages: readonly OutputMessage[],
): Promise<readonly RefusedMessage[]> {
  const error: unknown = await engine.send(messages, running).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MessagesRefusedError) return error.refused;
  throw new Error('no message is refused', { cause: error });
}

describe.skipIf(!HAS_NATS)('the engine of NATS JetStream', () => {
  it('stores the same entries for two outputs in one stream', async () => {
    const broker = await start();
    for (const stream of ['lite', 'full']) {
      const engine = await open(broker, { stream });
      await engine.send(numberedMessages(0, 10), running);
      await engine.send(numberedMessages(0, 10), running);
    }
    const subjects = (await broker.stored()).map(({ lane }) => lane.split('.')[1]);
    expect(subjects).toEqual([...range(0, 10).map(() => 'lite'), ...range(0, 10).map(() => 'full')]);
  });

  it('creates the stream and stores a large delivery in order', async () => {
    const broker = await start();
    const engine = await open(broker, { duplicate_window_seconds: 60 });
    await engine.send(numberedMessages(0, 3000), running);
    expect(await indices(broker)).toEqual(range(0, 3000));
    expect(await broker.streams()).toEqual([
      expect.objectContaining({
        name: 'CERTSTREAM',
        subjects: ['certstream.>'],
        discard: 'old',
        storage: 'file',
        max_bytes: 256 * 1024 * 1024,
        duplicate_window: 60_000_000_000,
      }),
    ]);
  });

  it('stores a delivery that is repeated over a new connection once', async () => {
    const broker = await start();
    await (await open(broker)).send(numberedMessages(0, 30), running);
    await (await open(broker)).send(numberedMessages(0, 50), running);
    expect(await indices(broker)).toEqual(range(0, 50));
  });

  it('uses a stream that has the subjects, and does not change it', async () => {
    const broker = await start();
    await broker.createStream({ name: 'SOC', subjects: ['certstream.lite.*', 'alerts'], max_msgs: 1000 });
    const before = await broker.streams();
    await (await open(broker)).send(numberedMessages(0, 5), running);
    expect(await indices(broker)).toEqual(range(0, 5));
    expect(await broker.streams()).toEqual(before);
  });

  it('refuses only messages above max_payload', async () => {
    const broker = await start({ config: 'max_payload: 4096' });
    const engine = await open(broker);
    const large = `{"index":1,"text":"${'x'.repeat(4096)}"}`;
    const messages = messagesOf(['{"index":0}', large, '{"index":2}']);
    const refused = await refusedBy(engine, messages);
    expect(refused.map(({ message }) => message.index)).toEqual([1]);
    expect(refused[0].reason).toMatch(/^it has 4\d\d\d octets.*max_payload is 4096/);
    expect(await indices(broker)).toEqual([0, 2]);
    await engine.send(numberedMessages(3, 2), running);
    expect(await indices(broker)).toEqual([0, 2, 3, 4]);
  });

  it('refuses only messages above max_msg_size of the stream', async () => {
    const broker = await start();
    await broker.createStream({ name: 'SMALL', subjects: ['certstream.>'], max_msg_size: 1024 });
    const engine = await open(broker);
    const messages = messagesOf(['{"index":0}', `{"text":"${'x'.repeat(1024)}"}`, '{"index":2}']);
    const refused = await refusedBy(engine, messages);
    expect(refused.map(({ message }) => message.index)).toEqual([1]);
    expect(refused[0].reason).toContain('max_msg_size');
    expect(await indices(broker)).toEqual([0, 2]);
  });

  it('says that JetStream is not enabled', async () => {
    const broker = await start({ jetstream: false });
    expect(await failureOf(broker)).toMatch(/^OUTPUT_JETSTREAM_OFF: JetStream is not enabled/);
  });

  it('says what is wrong with a stream', async () => {
    const broker = await start();
    await broker.createStream({ name: 'CERTSTREAM', subjects: ['other.>'] });
    expect(await failureOf(broker)).toBe(
      'OUTPUT_STREAM_MISMATCH: the stream CERTSTREAM of JetStream exists and has other subjects (other.>); add certstream.lite.* to it, or set another name in jetstream',
    );
    await broker.createStream({ name: 'ONE', subjects: ['certstream.lite.one'] });
    expect(await failureOf(broker)).toMatch(
      /^OUTPUT_STREAM_MISMATCH: .* only partly in the stream ONE \(certstream\.lite\.one\)/,
    );
    await broker.deleteStream('ONE');
    await broker.createStream({ name: 'SILENT', subjects: ['certstream.>'], no_ack: true });
    expect(await failureOf(broker)).toMatch(/^OUTPUT_STREAM_MISMATCH: .*no_ack/);
  });

  it('says that the stream is full, and stores the rest later', async () => {
    const broker = await start();
    const full = { name: 'FULL', subjects: ['certstream.>'], discard: DiscardPolicy.New };
    await broker.createStream({ ...full, max_msgs: 5 });
    expect(await failureOf(broker)).toMatch(/^OUTPUT_STREAM_FULL: .*maximum messages exceeded/);
    expect(await failureOf(broker)).toMatch(/^OUTPUT_STREAM_FULL/);
    await broker.updateStream('FULL', { max_msgs: 100 });
    expect(await failureOf(broker)).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
  });

  it('says that the stream is gone, and creates it again', async () => {
    const broker = await start();
    const engine = await open(broker);
    await engine.send(numberedMessages(0, 5), running);
    await broker.deleteStream('CERTSTREAM');
    await expect(engine.send(numberedMessages(5, 5), running)).rejects.toMatchObject({
      code: 'OUTPUT_STREAM_MISSING',
    });
    await (await open(broker)).send(numberedMessages(5, 5), running);
    expect(await indices(broker)).toEqual(range(5, 10));
  });

  it('says that the server is down, while connecting and during a delivery', async () => {
    const broker = await start();
    const engine = await open(broker);
    broker.pause();
    const delivery = engine.send(numberedMessages(0, 5), running);
    const failed = expect(delivery).rejects.toMatchObject({ code: 'OUTPUT_UNREACHABLE' });
    await broker.kill();
    await failed;
    expect(await failureOf(broker)).toMatch(
      /^OUTPUT_UNREACHABLE: nats server 127\.0\.0\.1:\d+ cannot be reached/,
    );
  });

  it('ends a delivery that is aborted', async () => {
    const broker = await start();
    const engine = await open(broker);
    broker.pause();
    const abort = new AbortController();
    const delivery = engine.send(numberedMessages(0, 5), abort.signal);
    abort.abort();
    await expect(delivery).rejects.toThrow('aborted');
    await engine.close();
    broker.resume();
  });
});
