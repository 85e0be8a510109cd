import { afterEach, describe, expect, it, vi } from 'vitest';
import { sha256, tileLeaf } from '../../../test/support/ct-log-bytes.js';
import { FAKE_SOURCE, FakeCtLog } from '../../../test/support/fake-ct-log.js';
import { httpFromGet } from '../../../test/support/http-from-get.js';
import { range } from '../../../test/support/range.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { ENTRY_COLUMNS, type EntryBatch, EntryColumn, EntryProblem } from '../../certificate/entry-batch.js';
import { createCtLogClient } from '../client/create-ct-log-client.js';
import type { CtLog } from '../client/ct-log.js';
import { CtHttpStatusError } from '../client/ct-log-error.js';

afterEach(stopTailers);
afterEach(() => void vi.restoreAllMocks());

const MINUTE = 60_000;
const log: CtLog = { source: { ...FAKE_SOURCE, type: 'tiled' }, configured: false };
const issuer = (i: number): Buffer => Buffer.from(`issuer ${i}`);

/** A log of tiles whose entries have `issuers` different issuers. It refuses requests for issuers as `refuses` says. */
function throttled(issuers: number, refuses: (time: number) => Error | undefined) {
  const clock = new VirtualClock();
  vi.spyOn(performance, 'now').mockImplementation(() => clock.time);
  const byPath = new Map(
    range(0, issuers).map((i) => [`/issuer/${sha256(issuer(i)).toString('hex')}`, issuer(i)]),
  );
  const asked: string[] = [];
  const http = httpFromGet((url) => {
    const path = url.slice(FAKE_SOURCE.url.length);
    asked.push(path);
    const der = byPath.get(path);
    const error = der && refuses(clock.time);
    return error === undefined ? Promise.resolve(der ?? tile(path)) : Promise.reject(error);
  });
  const tile = (path: string): Buffer => {
    const first = Number(path.slice(-3)) * 256;
    const leaf = (i: number): Buffer => tileLeaf(i, { timestamp: i, chain: [issuer(i % issuers)] });
    return Buffer.concat(range(first, first + 256).map(leaf));
  };
  const real = createCtLogClient(log, http, { issuerPatience: { tries: 10, minutes: 15 } });
  const client = new FakeCtLog(clock, 256);
  client.getEntries = (from, to, size, signal = new AbortController().signal) =>
    real.getEntries(from, to, size, signal);
  client.size = () => 1024;
  const batches: EntryBatch[] = [];
  const published: number[] = [];
  const publish = (batch: EntryBatch): void => {
    batches.push(batch);
    published.push(...batch.timestamps);
  };
  const followed = follow(client, clock, { start: 0, maxParallel: 4, publish });
  return { ...followed, clock, asked, published, batches };
}

describe('LogTailer, when a log serves its issuers slowly', () => {
  it.each([429, 503])(
    'gets all issuers, and fetches each tile about once, when the log answers %d above four requests per second',
    async (status) => {
      let tokens = 2;
      let filledAt = 0;
      const { clock, asked, published, batches, lines, gaps } = throttled(200, (time) => {
        tokens = Math.min(2, tokens + ((time - filledAt) * 4) / 1000);
        filledAt = time;
        if (tokens < 1) return new CtHttpStatusError('u', status);
        tokens--;
        return undefined;
      });
      await clock.runUntil(5 * MINUTE);
      expect(published).toEqual(range(0, 1024));
      const problems = batches.flatMap(({ table }) =>
        [...table].filter((_, i) => i % ENTRY_COLUMNS === EntryColumn.Problem),
      );
      expect(new Set(problems)).toEqual(new Set([EntryProblem.None]));
      expect(asked.filter((path) => path.startsWith('/tile/')).length).toBeLessThan(10);
      expect(gaps).toEqual([]);
      expect(lines.length).toBeLessThan(12);
    },
  );

  it('continues without issuers that are never served, when its patience ends', async () => {
    const { clock, published, gaps } = throttled(200, () => new CtHttpStatusError('u', 500));
    await clock.runUntil(14 * MINUTE);
    expect(published).toEqual([]);
    await clock.runUntil(18 * MINUTE);
    expect(published).toEqual(range(0, 1024));
    expect(gaps).toEqual([]);
  });
});
