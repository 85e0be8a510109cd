import { describe, expect, it } from 'vitest';
import { testBatch } from '../../src/feed/journal/testing/journal-batches.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';
import { indicesIn, join, LOG, store, type TestMember, until } from '../support/jetstream-journals.js';

const STUCK = { url: 'https://stuck.example', key: 'stuck.example' };

/** Appends 17 MB of a log that this member may not publish now. */
async function fill(member: TestMember): Promise<void> {
  await member.journal.open({ ...STUCK, isOwned: () => false }, 0);
  for (let next = 0; next < 170; next++)
    member.journal.append(testBatch(next, 1, 100_000, STUCK.url), 'next');
}

describe.skipIf(!HAS_NATS)('JetStreamJournal and a log that moves', () => {
  it('passes on what was left out and what came late since a place', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    one.journal.unavailable({ source: testBatch(0).source, from: 2, to: 50 });
    one.journal.append(testBatch(50), 'next');
    await one.journal.durable();
    const place = one.journal.shared.placeOf(LOG.key)!;
    one.journal.append(testBatch(10, 5), 'late');
    one.journal.unavailable({ source: testBatch(0).source, from: 52, to: 60 });
    one.journal.append(testBatch(52, 1), 'late');
    expect(await one.journal.shared.stored(LOG.key)).toBe(true);
    const two = await join(server);
    expect(await two.join(LOG, 2, place)).toEqual({
      end: 60,
      exceptions: [
        { kind: 'late', from: 10, to: 15 },
        { kind: 'unavailable', from: 52, to: 60 },
        { kind: 'late', from: 52, to: 53 },
      ],
    });
    // What another member has noted is not noted again.
    two.journal.unavailable({ source: testBatch(0).source, from: 55, to: 62 });
    await store(two, 62);
    await until(two, (got) => got.at(-1)?.endsWith(' 62-63') === true);
    expect(two.got.filter((text) => text.startsWith('unavailable'))).toContain(
      'unavailable log.example 60-61',
    );
    const last = two.journal.shared.placeOf(LOG.key);
    const three = await join(server);
    expect(await three.join(LOG, 62, last)).toEqual({ end: 64, exceptions: [] });
    const all = await three.join(LOG, 62);
    expect(all!.exceptions.map(({ kind }) => kind)).toEqual([
      'unavailable',
      'late',
      'unavailable',
      'late',
      'unavailable',
    ]);
    expect((await three.join(LOG, 62, { epoch: 'of a deleted stream', seq: 1e6 }))!.exceptions).toHaveLength(
      5,
    );
  });

  it('reads thousands of records of a log for its exceptions', async () => {
    const server = await start();
    const one = await join(server, { gatherMs: 0, isLive: false });
    await one.open(LOG, 0);
    // Records of different kinds are not joined.
    for (let next = 0; next < 1300; next++) {
      one.journal.append(testBatch(next, 1, 10), 'next');
      one.journal.append(testBatch(next, 1, 10), 'again');
    }
    one.journal.append(testBatch(7, 1), 'late');
    await one.journal.durable();
    const two = await join(server, { isLive: false });
    expect(await two.join(LOG, 5)).toEqual({ end: 1300, exceptions: [{ kind: 'late', from: 7, to: 8 }] });
  });

  it('publishes nothing of a log whose entries are not continued', async () => {
    const server = await start();
    const one = await join(server);
    await one.open(LOG, 0);
    await store(one, 0);
    expect(one.journal.append(testBatch(5), 'next').known).toBe(0);
    expect(one.fenced).toEqual([LOG.url]);
    expect(one.lines.join('\n')).toContain('entries 2 to 4 are missing before entry 5');
    expect(await one.journal.shared.stored(LOG.key)).toBe(false);
    await one.journal.leave(LOG.url);
    expect(await one.journal.shared.stored(LOG.key)).toBe(false);
    expect(await one.open(LOG, 5)).toBe(2);
    one.journal.unavailable({ source: testBatch(0).source, from: 3, to: 4 });
    expect(one.fenced).toHaveLength(2);
    await one.open(LOG, 2);
    await store(one, 2);
    await until(one, ({ length }) => length === 2);
    expect(indicesIn(one.got)).toEqual([0, 1, 2, 3]);
  });

  it('stores other logs, and reads on, while the entries of one log wait', async () => {
    const server = await start();
    const one = await join(server);
    const two = await join(server);
    await fill(one);
    expect(one.pressure.ready()).toBeDefined();
    await one.open(LOG, 0);
    one.journal.append(testBatch(0), 'next');
    expect(await one.journal.shared.stored(LOG.key)).toBe(true);
    const other = { url: 'https://other.example', key: 'other.example' };
    await two.open(other, 0);
    await store(two, 0, 2, 100, other.url);
    await until(one, ({ length }) => length === 2);
    expect(one.pressure.ready()).toBeDefined();
    expect(one.got).toEqual(['own 1: log.example 0-1', '2: other.example 0-1']);
  });
});
