import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import { digest } from '../../certificate/fingerprint.js';
import { BackPressure } from '../../feed/back-pressure.js';
import { MemoryJournal } from '../../feed/journal/memory/memory-journal.js';
import { testBatch } from '../../feed/journal/testing/journal-batches.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import { type DigestAlgorithm, DigestIndex } from './digest-index.js';
import { EntryDirectory } from './entry-directory.js';
import { JournalLookup } from './journal-lookup.js';

const MIB = 2 ** 20;

let periodic: PeriodicWork;
const lookups: JournalLookup[] = [];

function start(maxBytes = 64 * MIB) {
  const journal = new MemoryJournal(new BackPressure(), { maxBytes, onFull: 'skip' });
  periodic = new PeriodicWork();
  const lookup = new JournalLookup({ journal, renderer: new CertificateRenderer() }, periodic);
  lookups.push(lookup);
  return { journal, lookup };
}

/** Digest of entry `index` of {@link testBatch}, one character per octet. */
const digestOf = (index: number, octets = 100, algorithm: DigestAlgorithm = 'sha256'): string =>
  digest(algorithm, Buffer.alloc(octets, index % 256));

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  for (const lookup of lookups.splice(0)) lookup.onModuleDestroy();
  periodic.beforeApplicationShutdown();
  vi.useRealTimers();
});

/** Runs the timers of a scan until the promise is settled. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  const state = { isSettled: false };
  const end = (): void => void (state.isSettled = true);
  promise.then(end, end);
  while (!state.isSettled) {
    await vi.advanceTimersByTimeAsync(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

describe(JournalLookup.name, () => {
  it('reads and hashes nothing before the first request', () => {
    const { journal, lookup } = start();
    const read = vi.spyOn(journal, 'read');
    for (let i = 0; i < 100; i++) journal.append(testBatch(10 * i, 10), 'next');
    expect(read).not.toHaveBeenCalled();
    expect(lookup.size.entries).toBe(0);
  });

  it('builds one index for concurrent requests, and keeps it up to date', async () => {
    const { journal, lookup } = start();
    const read = vi.spyOn(journal, 'read');
    for (let i = 0; i < 5; i++) journal.append(testBatch(10 * i, 10), 'next');
    const wanted = [0, 17, 49];
    const found = await settled(Promise.all(wanted.map((i) => lookup.certificate('sha256', digestOf(i)))));
    expect(found.map(({ index }) => index)).toEqual(wanted);
    const scans = read.mock.calls.filter(
      ([from]) => typeof from === 'object' && 'after' in from && from.after === 0,
    );
    expect(scans.length).toBeLessThanOrEqual(2);
    journal.append(testBatch(200, 3), 'next');
    await settled(new Promise((resolve) => setImmediate(resolve)));
    expect((await settled(lookup.certificate('sha256', digestOf(202)))).index).toBe(202);
    expect((await settled(lookup.certificate('sha1', digestOf(202, 100, 'sha1')))).index).toBe(202);
  });

  it('says that the journal has dropped a record, and since when it holds others', async () => {
    const { journal, lookup } = start(MIB);
    journal.append(testBatch(0, 1), 'next');
    expect((await settled(lookup.certificate('sha256', digestOf(0)))).index).toBe(0);
    for (let i = 1; journal.oldest === 1; i++) journal.append(testBatch(i, 1, 100_000), 'next');
    await expect(settled(lookup.certificate('sha256', digestOf(0)))).rejects.toMatchObject({
      code: 'API_CERTIFICATE_UNKNOWN',
      status: 404,
      message: expect.stringMatching(/the journal goes back to \d{4}-/) as string,
    });
  });

  it('drops an index after an hour without requests, and builds it again', async () => {
    const { journal, lookup } = start();
    journal.append(testBatch(0, 10), 'next');
    await settled(lookup.certificate('sha256', digestOf(3)));
    expect(lookup.size.entries).toBe(10);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(lookup.size.entries).toBe(0);
    expect((await settled(lookup.certificate('sha256', digestOf(3)))).index).toBe(3);
  });
});

describe(DigestIndex.name, () => {
  it('hashes a bounded number of octets in one step', () => {
    const index = new DigestIndex('sha256');
    const batch = testBatch(0, 200, 10_000);
    expect(index.add(1, batch, 0)).toBe(7);
    expect(index.add(1, batch, 198)).toBe(200);
  });
});

describe(EntryDirectory.name, () => {
  it('finds entries by log and index, and the correction of an entry', () => {
    const directory = new EntryDirectory();
    for (let seq = 1; seq <= 10_000; seq++)
      directory.add(seq, testBatch(3 * seq, 3, 1, `https://log${seq % 2}.example`));
    expect(directory.find('https://log1.example', 3 * 777 + 2)).toEqual({ seq: 777, position: 2 });
    expect(directory.find('https://log0.example', 3 * 777 + 2)).toBeUndefined();
    expect(directory.find('https://other.example', 3)).toBeUndefined();
    directory.add(10_001, testBatch(3 * 777 + 1, 2, 1, 'https://log1.example'));
    expect(directory.find('https://log1.example', 3 * 777 + 2)).toEqual({ seq: 10_001, position: 1 });
    directory.dropBefore(9000);
    expect(directory.find('https://log1.example', 3 * 101)).toBeUndefined();
    expect(directory.find('https://log1.example', 3 * 9001)).toEqual({ seq: 9001, position: 0 });
  });
});
