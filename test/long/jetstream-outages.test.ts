import { setTimeout as delay } from 'node:timers/promises';
import { headers } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { testBatch } from '../../src/feed/journal/testing/journal-batches.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';
import {
  connectTo,
  indicesIn,
  join,
  LOG,
  store,
  type TestMember,
  until,
} from '../support/jetstream-journals.js';
import { range } from '../support/range.js';

const LOGS = range(0, 8).map((i) => ({ url: `https://log${i}.example`, key: `log${i}.example` }));

/** Appends entries of a log one by one, with the log waiting for the journal, until `isOver` returns true. @returns their number. */
async function publish(member: TestMember, url: string, isOver: () => boolean): Promise<number> {
  let next = 0;
  while (!isOver()) {
    await member.pressure.ready();
    member.journal.append(testBatch(next, 5, 200, url), 'next');
    next += 5;
    await delay(2);
  }
  return next;
}

function indicesOf(got: readonly string[], url: string): number[] {
  const name = url.slice('https://'.length);
  return indicesIn(
    got.filter((text) => text.includes(` ${name} `)).map((text) => text.replace(name, LOG.key)),
  );
}

describe.skipIf(!HAS_NATS)('JetStreamJournal and a broker that fails', () => {
  it('stores every entry once and in order while the server is killed again and again', async () => {
    const server = await start();
    const one = await join(server, { gatherMs: 10 });
    const two = await join(server);
    const { epoch } = two.journal;
    for (const log of LOGS) await one.open(log, 0);
    let isOver = false;
    const publishing = LOGS.map(({ url }) => publish(one, url, () => isOver));
    for (let i = 0; i < 4; i++) {
      const { length } = two.got;
      await until(two, (got) => got.length > length + 20);
      await server.kill();
      await server.restart();
    }
    isOver = true;
    const counts = await Promise.all(publishing);
    await one.journal.durable();
    const total = counts.reduce((sum, count) => sum + count, 0);
    await until(two, () => two.journal.stats.readEntries === total);
    for (const [i, { url }] of LOGS.entries()) expect(indicesOf(two.got, url)).toEqual(range(0, counts[i]));
    expect(two.got.filter((text) => text.includes('gap') || text === 'replaced')).toEqual([]);
    expect(two.journal.epoch).toBe(epoch);
    expect(one.fenced).toEqual([]);
    expect(one.journal.stats.publishedEntries).toBe(total);
  });

  it('finds a record whose answer was lost in the stream', async () => {
    const server = await start();
    const two = await join(server);
    const one = await join(server, { losesAnswers: true });
    await one.open(LOG, 0);
    one.journal.append(testBatch(0), 'next');
    await until(two, ({ length }) => length === 1);
    one.losesAnswers = false;
    await server.kill();
    await server.restart();
    await one.journal.durable();
    await store(one, 2);
    await until(two, ({ length }) => length === 2);
    expect(two.got).toEqual(['1: log.example 0-1', '2: log.example 2-3']);
    expect(one.journal.stats).toMatchObject({ recoveredAnswers: 1, publishedRecords: 2, fencedLogs: 0 });
  });

  it('makes the logs wait while the server is away, and loses nothing', async () => {
    const server = await start();
    const one = await join(server);
    const two = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    await server.kill();
    let next = 2;
    for (; one.pressure.ready() === undefined && next < 10_000; next += 10)
      one.journal.append(testBatch(next, 10, 100_000), 'next');
    expect(one.journal.stats.pendingBytes).toBeGreaterThan(16e6);
    expect(one.journal.stats.pendingBytes).toBeLessThan(19e6);
    await server.restart();
    await one.pressure.ready();
    await one.journal.durable();
    expect(one.journal.stats.pendingBytes).toBe(0);
    await until(two, () => two.journal.stats.readEntries === next);
    expect(indicesIn(two.got)).toEqual(range(0, next));
  });

  it('publishes after the server did not answer for a while', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    server.pause();
    one.journal.append(testBatch(2), 'next');
    // Longer than an answer is awaited.
    await delay(6000);
    server.resume();
    await one.journal.durable();
    await until(one, ({ length }) => length === 2);
    expect(one.got).toEqual(['own 1: log.example 0-1', 'own 2: log.example 2-3']);
    expect(one.fenced).toEqual([]);
  });

  it('continues with a new epoch after the stream was deleted', async () => {
    const server = await start();
    const one = await join(server);
    const two = await join(server);
    await one.open(LOG, 0);
    for (let i = 0; i < 5; i++) await store(one, 2 * i);
    const { epoch } = two.journal;
    await until(two, ({ length }) => length === 5);
    const reading = two.journal.read('now', new AbortController().signal)[Symbol.asyncIterator]().next();
    reading.catch(() => undefined);
    await server.deleteStream('CT');
    await store(one, 10);
    await store(one, 12);
    await until(two, (got) => got.at(-1)?.endsWith(' 12-13') === true);
    expect(two.got.slice(5)).toEqual(['replaced', '1: log.example 10-11', '2: log.example 12-13']);
    await expect(reading).rejects.toMatchObject({ code: 'JOURNAL_REPLACED' });
    expect(two.journal.epoch).not.toBe(epoch);
    expect(two.journal.newest).toBe(2);
    expect(two.journal.stats.replacements).toBe(1);
    await until(one, (got) => got.at(-1)?.endsWith(' 12-13') === true);
    expect(one.journal.epoch).toBe(two.journal.epoch);
  });

  it('is stopped by a message of another client on the subject of its log', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    const [{ subject }] = [(await (await connectTo(server)).manager.streams.getMessage('CT', { seq: 1 }))!];
    const { jetstream } = await connectTo(server);
    await jetstream.publish(subject, 'x', { headers: headers() });
    one.journal.append(testBatch(2), 'next');
    await one.journal.durable();
    expect(one.lines.join('\n')).toContain('an unknown client has appended to it');
  });
});
