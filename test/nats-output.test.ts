import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
import { submissionOf } from '../src/testing/submissions.js';
import { TestSystem } from '../src/testing/test-system.js';
import {
  findNatsServer,
  type JetStreamMessage,
  NATS_SERVER_MISSING,
  NatsServer,
  type NatsServerOptions,
} from './support/brokers/nats-server.js';
import { range } from './support/range.js';

const command = findNatsServer();
if (command === undefined) console.warn(NATS_SERVER_MISSING);

const WAIT = { timeout: 100_000, interval: 100 };
/** Entries of each log before the server starts. */
const INITIAL = 10;

let system: TestSystem;
let broker: NatsServer;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nats-output-'));
});
afterEach(async () => {
  await system.close();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(
  options: NatsServerOptions = {},
  ...outputs: readonly Record<string, unknown>[]
): Promise<void> {
  broker = await NatsServer.start(command!, options);
  system = await TestSystem.start({
    logs: [
      { name: 'a', initialEntries: INITIAL },
      { name: 'b', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: {
      journal: { store: 'disk', path: join(folder, 'journal') },
      general: { recovery: { enabled: true, ct_index_file: join(folder, 'positions.json') } },
      outputs: outputs.map((keys) => ({ ...broker.settings, ...keys })),
    },
  });
}

function publish(count: number): void {
  for (const log of system.simulator.logs) {
    log.append(count);
    log.publish();
  }
}

async function storedIn(prefix: string): Promise<JetStreamMessage[]> {
  return (await broker.stored()).filter(({ lane }) => lane.startsWith(prefix));
}

interface Lite {
  readonly data: { readonly cert_index: number; readonly source: { readonly url: string } };
}

/** Returns the indices of the entries by subject, in the order in which JetStream has stored them. */
async function indicesBySubject(prefix: string): Promise<Map<string, number[]>> {
  const bySubject = new Map<string, number[]>();
  for (const { lane, text } of await storedIn(prefix)) {
    const indices = bySubject.get(lane) ?? [];
    bySubject.set(lane, indices);
    indices.push((JSON.parse(text.toString()) as Lite).data.cert_index);
  }
  return bySubject;
}

describe.skipIf(command === undefined)('an output to NATS JetStream', () => {
  it('stores every entry once and in order, with both kinds of subjects, also after a crash of the server', async () => {
    await start(
      {},
      { name: 'soc' },
      {
        name: 'brands',
        subject: 'rust',
        subject_prefix: 'rust',
        jetstream: 'RUST',
        filter: { domain: ['brand.example'] },
        unique: true,
      },
    );
    publish(400);
    await expect.poll(async () => (await storedIn('certstream.')).length, WAIT).toBeGreaterThan(0);
    await broker.kill();
    publish(400);
    const shared = submissionOf(createServerCertificate(['shared.brand.example']).certPem);
    for (const log of system.simulator.logs) {
      log.appendSubmission(submissionOf(createServerCertificate(['www.brand.example']).certPem));
      log.appendSubmission(shared);
      log.publish();
    }
    await broker.restart();
    const isComplete = async () =>
      [...(await indicesBySubject('certstream.')).values()].map(({ length }) => length);
    await expect.poll(isComplete, WAIT).toEqual([802, 802]);

    const expected = range(INITIAL, INITIAL + 802);
    for (const [subject, indices] of await indicesBySubject('certstream.')) {
      expect(subject).toMatch(/^certstream\.lite\.[A-Za-z0-9_-]{43}$/);
      expect(indices).toEqual(expected);
    }
    const [first] = await storedIn('certstream.');
    const { data } = JSON.parse(first.text.toString()) as Lite;
    const token = first.lane.split('.')[2];
    const logId = Buffer.from(token, 'base64url').toString('base64');
    expect(Object.fromEntries([...first.headers].map(([name, values]) => [name, values[0]]))).toEqual({
      'Nats-Msg-Id': `${first.lane}:${logId}:${data.cert_index}`,
      'ce-specversion': '1.0',
      'ce-id': `${logId}:${data.cert_index}`,
      'ce-source': data.source.url,
      'ce-type': 'certstream.lite',
      'ce-time': expect.stringMatching(/^20\d\d-.*Z$/),
      'content-type': 'application/json',
    });

    await expect.poll(async () => (await storedIn('rust.')).length, WAIT).toBe(3);
    const brands = await storedIn('rust.');
    expect(new Set(brands.map(({ lane }) => lane))).toEqual(
      new Set(['rust.simulator.simulator-a', 'rust.simulator.simulator-b']),
    );
    expect(brands.map(({ id }) => id!.split(':')[1]).sort()).toEqual(['810', '810', '811']);
  });

  it('loses nothing when this server and the other one stop, and keeps messages above max_payload in a file', async () => {
    const file = join(folder, 'dead-letters.jsonl');
    await start({ config: 'max_payload: 16384' }, { name: 'soc', dead_letter_file: file });
    const [a] = system.simulator.logs;
    const names = range(0, 500).map((i) => `host-${i}.large.example`);
    a.appendSubmission(submissionOf(createServerCertificate(names).certPem));
    publish(50);
    await expect.poll(async () => (await storedIn('certstream.')).length, WAIT).toBe(100);
    await broker.kill();
    const { entries } = system.stream.stats;
    publish(50);
    await system.eventually(() => system.stream.stats.entries >= entries + 100, 'entries in the journal');
    await system.server.stop();
    await broker.restart();
    await system.startServer();
    await system.following();
    publish(50);
    await expect.poll(async () => (await storedIn('certstream.')).length, WAIT).toBe(300);
    const indices = [...(await indicesBySubject('certstream.')).values()];
    expect(indices).toContainEqual(range(INITIAL, INITIAL + 150));
    expect(indices).toContainEqual(range(INITIAL + 1, INITIAL + 151));
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(lines[0])).toMatchObject({
      id: expect.stringMatching(/:10$/),
      reason: expect.stringContaining('max_payload is 16384'),
      message: { data: { cert_index: 10 } },
    });
    expect(lines).toHaveLength(1);
  });
});
