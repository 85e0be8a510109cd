import { DiscardPolicy } from '@nats-io/jetstream';
import { nkeys, type TlsOptions } from '@nats-io/transport-node';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { natsOutput } from '../src/config/sections/outputs/nats.js';
import {
  MessagesRefusedError,
  type OutputEngine,
  type RefusedMessage,
} from '../src/outputs/engine/output-engine.js';
import type { OutputMessage } from '../src/outputs/messages/output-message.js';
import { natsSource } from '../src/outputs/nats/nats-source.js';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
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

async function open(broker: NatsServer, keys: Record<string, unknown> = {}): Promise<OutputEngine> {
  const source = await natsSource(natsOutput.parse({ name: 'soc', ...broker.settings, ...keys }));
  const engine = await source.open(running);
  onTestFinished(() => engine.close());
  return engine;
}

/** Sends ten messages over a new connection. @returns the code of the error, and its message. */
async function failureOf(broker: NatsServer, keys: Record<string, unknown> = {}): Promise<string> {
  try {
    const engine = await open(broker, keys);
    await engine.send(numberedMessages(0, 10), running);
    return 'no failure';
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code}: ${message}`;
  }
}

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

async function indices(broker: NatsServer): Promise<number[]> {
  return (await broker.stored()).map(({ text }) => (JSON.parse(text.toString()) as { index: number }).index);
}

describe.skipIf(command === undefined)('the engine of NATS JetStream', () => {
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

  it('authenticates with a password from a file, and says which rights are missing', async () => {
    const broker = await start({
      config: `authorization { users: [
        { user: all, password: hunter2 }
        { user: api, password: hunter2, permissions: { publish: ["$JS.API.>"], subscribe: ["_INBOX.>"] } }
        { user: publisher, password: hunter2, permissions: { publish: ["certstream.>"], subscribe: ["soc.>"] } }
      ] }`,
      client: { user: 'all', pass: 'hunter2' },
    });
    const folder = mkdtempSync(join(tmpdir(), 'nats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'password');
    writeFileSync(file, 'hunter2\n');
    expect(await failureOf(broker)).toMatch(/^OUTPUT_REFUSED: nats server .* Authorization Violation/);
    const wrong = await failureOf(broker, { username: 'all', password: 'hunter3' });
    expect(wrong).toMatch(/^OUTPUT_REFUSED: nats server .* Authorization Violation; check the user/);
    expect(wrong).not.toContain('hunter');
    const user = (username: string) => ({ username, password_file: file });
    expect(await failureOf(broker, user('all'))).toBe('no failure');
    expect(await failureOf(broker, user('api'))).toMatch(
      /^OUTPUT_REFUSED: .*Permissions Violation for Publish to "certstream\.lite\./,
    );
    expect(await failureOf(broker, user('publisher'))).toMatch(
      /^OUTPUT_REFUSED: .*Permissions Violation for Subscription to "_INBOX\./,
    );
    expect(await failureOf(broker, { ...user('publisher'), inbox_prefix: 'soc' })).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
  });

  it('authenticates with a token', async () => {
    const broker = await start({ config: 'authorization { token: hunter2 }', client: { token: 'hunter2' } });
    expect(await failureOf(broker, { token: 'hunter3' })).toMatch(/^OUTPUT_REFUSED/);
    expect(await failureOf(broker, { token: 'hunter2' })).toBe('no failure');
  });

  it('authenticates with the seed of an NKey', async () => {
    const user = nkeys.createUser();
    const broker = await start({ config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }` });
    const seed = Buffer.from(user.getSeed()).toString();
    expect(await failureOf(broker, { nkey_seed: seed })).toBe('no failure');
    const other = Buffer.from(nkeys.createUser().getSeed()).toString();
    const wrong = await failureOf(broker, { nkey_seed: other });
    expect(wrong).toMatch(/^OUTPUT_REFUSED/);
    expect(wrong).not.toContain(other);
    expect(await failureOf(broker, { nkey_seed: 'SUnonsense' })).toMatch(/^OUTPUT_[A-Z]+: /);
  });

  it('verifies the certificate of the server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { certPem, keyPem, caPem } = createServerCertificate(['nats.example']);
    const written = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [cert, key, ca] = [written('cert', certPem), written('key', keyPem), written('ca', caPem)];
    const broker = await start({
      config: `tls { cert_file: "${cert}", key_file: "${key}" }`,
      client: { tls: { ca: caPem, servername: 'nats.example' } as TlsOptions },
    });
    const tls = { ca, server_name: 'nats.example' };
    expect(await failureOf(broker, { tls })).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
    expect(await failureOf(broker, { tls: { ca } })).toMatch(/^OUTPUT_UNREACHABLE: .*TLS/);
    expect(await failureOf(broker, { tls: { server_name: 'nats.example' } })).toMatch(
      /^OUTPUT_UNREACHABLE: .*TLS/,
    );
    expect(await failureOf(broker)).toMatch(/^OUTPUT_UNREACHABLE: .*TLS/);
  });
});
