import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  describeRead,
  readAll,
  readUntil,
  testBatch,
} from '../../src/feed/journal/testing/journal-batches.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';
import { connectTo, indicesIn, join, LOG, store, until } from '../support/jetstream-journals.js';
import { range } from '../support/range.js';

describe.skipIf(!HAS_NATS)('JetStreamJournal', () => {
  it('passes every record to every member, in the order of the stream', async () => {
    const server = await start();
    const one = await join(server);
    const two = await join(server);
    expect(await one.open(LOG, 10)).toBeUndefined();
    await store(one, 10);
    one.journal.append(testBatch(12, 3), 'late');
    one.journal.unavailable({ source: testBatch(0).source, from: 12, to: 15 });
    await one.journal.durable();
    await store(one, 15);
    await until(two, ({ length }) => length === 4);
    expect(two.got).toEqual([
      '1: log.example 10-11',
      '2: log.example 12-14 late',
      'unavailable log.example 12-14',
      '4: log.example 15-16',
    ]);
    await until(one, ({ length }) => length === 4);
    expect(one.got).toEqual(two.got.map((text) => (text.startsWith('un') ? text : `own ${text}`)));
    expect(one.journal.epoch).toBe(two.journal.epoch);
    expect(await readAll(two.journal)).toEqual([two.got[0], two.got[1], two.got[3]]);
  });

  it('joins entries that arrive within a moment in one record', async () => {
    const one = await join(await start(), { gatherMs: 500, isLive: false });
    const { journal } = one;
    await one.open(LOG, 0);
    journal.append(testBatch(0, 1), 'next');
    await journal.durable();
    for (let i = 1; i < 400; i++) journal.append(testBatch(i, 1), 'next');
    await journal.durable();
    expect(journal.stats).toMatchObject({ publishedRecords: 3, publishedEntries: 400 });
  });

  it('leaves out what another member has appended, and continues after it', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0, 10);
    await one.journal.leave(LOG.url);
    const two = await join(server);
    expect(await two.open(LOG, 5)).toBe(10);
    expect(two.journal.append(testBatch(5, 3), 'next').known).toBe(3);
    expect(two.journal.append(testBatch(8, 4), 'next').known).toBe(2);
    await two.journal.durable();
    await until(one, (got) => got.length === 2);
    expect(one.got).toEqual(['own 1: log.example 0-9', '2: log.example 10-11']);
    expect(two.fenced).toEqual([]);
  });

  it('publishes nothing of a log after another member has appended to it', async () => {
    const server = await start();
    const one = await join(server);
    const two = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    await two.open(LOG, 2);
    await store(two, 2);
    one.journal.append(testBatch(2, 5), 'next');
    await one.journal.durable();
    expect(one.fenced).toEqual([LOG.url]);
    one.journal.append(testBatch(7, 5), 'next');
    await one.journal.durable();
    await store(two, 4);
    await until(one, (got) => got.length === 3);
    expect(one.got).toEqual(['own 1: log.example 0-1', '2: log.example 2-3', '3: log.example 4-5']);
    expect(one.journal.stats).toMatchObject({ fencedLogs: 1, givenUpEntries: 10, publishedEntries: 2 });
    expect(one.lines.filter((line) => line.includes('nothing more'))).toHaveLength(1);
  });

  it('stores every entry once if two members publish the same log as fast as they can', async () => {
    const server = await start();
    const reader = await join(server);
    const members = [await join(server, { gatherMs: 0 }), await join(server, { gatherMs: 0 })];
    const goal = 600;
    let end = 0;
    const publish = async (member: (typeof members)[number]): Promise<void> => {
      while (end < goal) {
        const from = (await member.open(LOG, 0)) ?? 0;
        for (let next = from; next < goal && member.fenced.length === 0; next++) {
          await store(member, next, 1);
          end = Math.max(end, member.fenced.length === 0 ? next + 1 : end);
        }
        member.fenced.length = 0;
      }
    };
    await Promise.all(members.map(publish));
    await until(reader, (got) => indicesIn(got).length >= goal);
    expect(indicesIn(reader.got)).toEqual(range(0, goal));
  });

  it('does not publish while another member may hold the lease', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    one.ownership = false;
    one.journal.append(testBatch(0), 'next');
    const left = one.journal.leave(LOG.url);
    await left;
    expect(one.journal.stats).toMatchObject({ publishedRecords: 0, givenUpEntries: 2 });
    expect(one.fenced).toEqual([]);
  });

  it('continues after the last record of a quiet log was dropped, but only with a renewed lease', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    await (await connectTo(server)).manager.streams.purge('CT');
    one.journal.append(testBatch(2), 'next');
    await one.journal.durable();
    await until(one, (got) => got.length === 2);
    expect(one.got[1]).toBe('own 2: log.example 2-3');

    const two = await join(server, { renewalMs: 100 });
    await two.open(LOG, 4);
    await store(two, 4);
    await (await connectTo(server)).manager.streams.purge('CT');
    // The lease is held when the publish is refused, and lost before it is renewed.
    let asked = 0;
    Object.defineProperty(two, 'ownership', { get: () => asked++ < 2 });
    two.journal.append(testBatch(6), 'next');
    await two.journal.leave(LOG.url);
    expect(two.journal.stats).toMatchObject({ publishedRecords: 1, givenUpEntries: 2 });
  });

  it('cuts records for servers with a small max_payload, and reports an entry that is too large', async () => {
    const server = await start({ config: 'max_payload: 4096' });
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0, 10, 500);
    await store(one, 10, 1, 5000);
    await store(one, 11, 1);
    await until(one, (got) => got.at(-1)?.endsWith(' 11-11') === true);
    expect(indicesIn(one.got)).toEqual(range(0, 12));
    expect(one.got).toContain('unavailable log.example 10-10');
    expect(one.journal.stats.refusedEntries).toBe(1);
    expect(one.lines.join('\n')).toMatch(
      /entry 10 of https:\/\/log.example has \d+ octets.* raise max_payload/,
    );
  });

  it('reports records that it cannot read as gaps, and each reason once', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    const { nats, jetstream } = await connectTo(server);
    const { headers } = await import('@nats-io/transport-node');
    const foreign = async (values: Record<string, string>): Promise<void> => {
      const block = headers();
      for (const [name, value] of Object.entries(values)) block.set(name, value);
      await jetstream.publish('ct.raw.other', 'damaged', { headers: block });
    };
    const whole = { 'Ct-Owner': 'x', 'Ct-Frame': '1', 'Ct-Kind': 'next', 'Ct-First': '1', 'Ct-Count': '1' };
    await foreign({ ...whole, 'Ct-Format': '2' });
    await foreign({ ...whole, 'Ct-Format': '2' });
    await foreign({ ...whole, 'Ct-Format': '1' });
    await foreign({});
    await store(one, 0);
    await until(one, (got) => got.length === 5);
    expect(one.got).toEqual(['gap 1-1', 'gap 2-2', 'gap 3-3', 'gap 4-4', 'own 5: log.example 0-1']);
    expect(await readAll(one.journal)).toEqual([
      'gap 1-1',
      'gap 2-2',
      'gap 3-3',
      'gap 4-4',
      '5: log.example 0-1',
    ]);
    expect(one.lines.filter((line) => line.includes('cannot be read'))).toHaveLength(3);
    expect(one.lines[0]).toContain('it has version 2');
    expect(one.journal.stats.unreadableRecords).toBe(4);
    await nats.close();
  });

  it('replays by number, by time and from now, with an exact seam between the stream and the memory', async () => {
    const server = await start();
    const one = await join(server, { isLive: false });
    await one.open(LOG, 0);
    for (let i = 0; i < 50; i++) await store(one, 2 * i);
    const written = Date.now();
    while (Date.now() === written) await setImmediate();
    const since = Date.now();
    const two = await join(server, { ringBytes: 4000 });
    const records = (from: number, to: number): string[] =>
      range(from, to + 1).map((seq) => `${seq}: log.example ${2 * seq - 2}-${2 * seq - 1}`);
    expect(await readAll(two.journal)).toEqual(records(1, 50));
    const stop = new AbortController();
    const now = two.journal.read('now', stop.signal)[Symbol.asyncIterator]();
    const first = now.next();
    for (let i = 50; i < 100; i++) await store(one, 2 * i);
    await until(two, (got) => got.length === 50);
    expect(describeRead((await first).value)).toBe(records(51, 51)[0]);
    stop.abort();
    expect(await readAll(two.journal)).toEqual(records(1, 100));
    expect(await readAll(two.journal, { after: 98 })).toEqual(records(99, 100));
    expect(await readAll(two.journal, { time: since })).toEqual(records(51, 100));
    expect(await readAll(two.journal, { time: 0 })).toEqual(records(1, 100));
    const later = two.journal.read({ time: Date.now() + 60_000 }, new AbortController().signal);
    const next = later[Symbol.asyncIterator]().next();
    await store(one, 200);
    expect(describeRead((await next).value)).toBe(records(101, 101)[0]);
    const many = await Promise.all(range(0, 20).map((after) => readAll(two.journal, { after })));
    expect(many).toEqual(range(0, 20).map((after) => records(after + 1, 101)));
    expect(two.journal.backlog(91)).toMatchObject({ records: 10, entries: 20 });
    expect(two.journal.backlog(1)).toMatchObject({ records: 100, entries: 200 });
  });

  it('gives a reader a gap for what the stream dropped before it', async () => {
    const server = await start();
    const slow = await join(server, { maxBytes: 20_000 });
    slow.pressure.hold(slow);
    const one = await join(server, { maxBytes: 20_000 });
    await one.open(LOG, 0);
    for (let i = 0; i < 100; i++) await store(one, i, 1, 1000);
    slow.pressure.release(slow);
    await until(slow, (got) => got.at(-1)?.endsWith(' 99-99') === true);
    const gap = slow.got.find((text) => text.startsWith('gap'));
    const [, from, to] = /gap (\d+)-(\d+)/.exec(gap!)!.map(Number);
    expect(indicesIn(slow.got)).toEqual([...range(0, from - 1), ...range(to, 100)]);
    expect(slow.journal.stats.missedRecords).toBe(to - from + 1);
    const replayed = await readUntil(slow.journal, { after: 0 }, (got) => 'seq' in got && got.seq === 100);
    expect(describeRead(replayed[0])).toMatch(/^gap 1-\d+$/);
    expect(replayed.every((got, i) => i === 0 || 'seq' in got)).toBe(true);
  });

  it('does not start with a stream of another shape', async () => {
    const server = await start();
    await server.createStream({
      name: 'CT',
      subjects: ['ct.raw.*'],
      max_msgs_per_subject: 1,
      storage: 'memory',
    });
    await expect(join(server)).rejects.toMatchObject({
      code: 'CLUSTER_STREAM_DIFFERS',
      message:
        'stream CT: it has storage memory instead of file and max_msgs_per_subject 1 instead of -1; correct or delete the stream, or set another cluster.prefix',
    });
  });

  it('says that the stream has other bounds than the configuration', async () => {
    const server = await start();
    await join(server);
    const { lines } = await join(server, { maxBytes: 2 ** 30 });
    expect(lines).toEqual([
      expect.stringMatching(/keeps 67108864 bytes and 1 hours, not the 1073741824 bytes/),
    ]);
  });
});
