import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { TestSystem } from '../src/testing/test-system.js';
import { NsqdFake, type NsqdFakeOptions } from './support/brokers/nsqd-fake.js';
import { range } from './support/range.js';

const WAIT = { timeout: 100_000 };

let system: TestSystem | undefined;
let nsqd: NsqdFake | undefined;
afterEach(async () => {
  await system?.close();
  await nsqd?.stop();
  system = undefined;
});

/** Starts a server whose log has 10 old entries, with an output to nsqd. */
async function start(options: NsqdFakeOptions, keys: Readonly<Record<string, unknown>> = {}) {
  nsqd = await NsqdFake.start(options);
  const { settings } = nsqd;
  system = await TestSystem.start({
    logs: [{ name: 'a', initialEntries: 10 }],
    config: { outputs: [{ name: 'queue', ...settings, timeout_seconds: 60, ...keys }] },
  });
  const [log] = system.simulator.logs;
  return {
    nsqd,
    lines: () => system!.output.filter((line) => line.includes('output queue: ')),
    append: (entries: number): void => {
      log.append(entries);
      log.publish();
    },
    indices: async () => (await nsqd!.stored()).map(({ text }) => indexOf(text)),
  };
}

function indexOf(text: Buffer): number {
  return (JSON.parse(text.toString()) as { data: { cert_index: number } }).data.cert_index;
}

describe.each(['tcp', 'http'] as const)('an output to nsqd over %s', (api) => {
  it('publishes every entry once to the topic', async () => {
    const server = await start({ api }, { topic: 'ct.lite' });
    server.append(300);
    await expect.poll(async () => (await server.indices()).length, WAIT).toBe(300);
    server.append(20);
    await expect.poll(server.indices, WAIT).toEqual(range(10, 330));
    expect(new Set((await server.nsqd.stored()).map(({ lane }) => lane))).toEqual(new Set(['ct.lite']));
    expect(server.nsqd.connections).toBe(1);
    expect(server.nsqd.commands).toContain(
      api === 'tcp' ? 'MPUB ct.lite' : 'POST /mpub?topic=ct.lite&binary=true',
    );
    expect(server.lines()).toEqual([]);
  });

  it.each([
    [
      'the topic is refused',
      { error: 'E_BAD_TOPIC MPUB topic name is not valid', status: 400 },
      'nsqd answers ',
    ],
    ['nsqd stops', { error: 'E_MPUB_FAILED MPUB failed exiting', status: 503 }, 'nsqd answers '],
    ['the connection is closed', 'close', 'does not answer: '],
  ] as const)('repeats a request after %s, with one line', async (_name, fault, line) => {
    const server = await start({ api });
    server.nsqd.faults.push(fault);
    server.append(5);
    await expect.poll(server.indices, WAIT).toEqual(range(10, 15));
    expect(server.lines()).toEqual([expect.stringContaining(line)]);
  });

  it('repeats what was stored when the answer was lost', async () => {
    const server = await start({ api });
    server.nsqd.faults.push('lost-answer');
    server.append(5);
    await expect.poll(server.indices, WAIT).toEqual([...range(10, 15), ...range(10, 15)]);
  });

  it('divides a request that nsqd finds too large', async () => {
    const server = await start({ api, maxBody: 10_000 });
    server.append(20);
    await expect.poll(server.indices, WAIT).toEqual(range(10, 30));
    expect(server.lines()).toEqual([]);
  });

  it.each([
    ['nsqd finds', { maxMessage: 100 }, {}, /MESSAGE/],
    ['the settings say', {}, { max_message_kb: 1, stream: 'full' }, /the limit is 1024/],
  ])(
    'writes messages that are too large, as %s, to the dead letters',
    async (_name, limits, keys, reason) => {
      const folder = mkdtempSync(join(tmpdir(), 'certstream-nsq-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = join(folder, 'dead.jsonl');
      const server = await start({ api, ...limits }, { dead_letter_file: file, ...keys });
      server.append(3);
      await expect.poll(() => server.lines().join(''), WAIT).toContain('3 messages are refused');
      const letters = readFileSync(file, 'utf8').trim().split('\n');
      expect(letters).toHaveLength(3);
      expect(letters[0]).toMatch(reason);
      expect(await server.nsqd.stored()).toEqual([]);
    },
  );

  it('continues after nsqd was down and after it was paused', async () => {
    const server = await start({ api }, { timeout_seconds: 2 });
    server.append(10);
    await expect.poll(async () => new Set(await server.indices()).size, WAIT).toBe(10);
    await server.nsqd.kill();
    server.append(20);
    await expect.poll(() => server.lines().join(''), WAIT).toContain('does not answer: connect ECONNREFUSED');
    await server.nsqd.restart();
    await expect.poll(async () => [...new Set(await server.indices())], WAIT).toEqual(range(10, 40));
    server.nsqd.pause();
    server.append(20);
    await expect.poll(() => server.lines().join(''), WAIT).toContain('not acknowledged within 2 s');
    server.nsqd.resume();
    await expect.poll(async () => [...new Set(await server.indices())], WAIT).toEqual(range(10, 60));
  });

  it('connects again without a line when nsqd has closed an idle connection', async () => {
    const server = await start({ api });
    server.append(10);
    await expect.poll(async () => (await server.indices()).length, WAIT).toBe(10);
    server.nsqd.closeConnections();
    server.append(10);
    await expect.poll(server.indices, WAIT).toEqual(range(10, 30));
    expect(server.lines()).toEqual([]);
  });
});

describe('the TCP protocol', () => {
  it('identifies the server and answers heartbeats', async () => {
    const server = await start({ api: 'tcp' });
    server.append(1);
    await expect.poll(server.indices, WAIT).toEqual([10]);
    server.nsqd.heartbeat();
    await expect.poll(() => server.nsqd.commands, WAIT).toContain('NOP');
    const [identify] = server.nsqd.commands;
    expect(JSON.parse(identify.slice('IDENTIFY '.length))).toMatchObject({
      feature_negotiation: true,
      tls_v1: false,
      user_agent: expect.stringMatching(/^certstream-server-nest\//) as string,
    });
    server.append(1);
    await expect.poll(server.indices, WAIT).toEqual([10, 11]);
  });
});
