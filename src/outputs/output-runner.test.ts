import { describe, expect, it } from 'vitest';
import { fakeEntries } from '../../test/support/fake-ct-log.js';
import { memoryJournal } from '../../test/support/feed.js';
import { VirtualClock } from '../../test/support/virtual-clock.js';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import { testBatch } from '../feed/journal/testing/journal-batches.js';
import type { CertificateOutput, OutputRecord } from './certificate-output.js';
import { OutputError } from './output-error.js';
import { OutputRunner } from './output-runner.js';

/** An output whose calls the test answers. */
class ManualOutput implements CertificateOutput {
  readonly name = 'manual';
  readonly limit = { bytes: 1_000_000, records: 3 };
  readonly calls: { readonly seqs: number[]; resolve(): void; reject(error: Error): void }[] = [];
  isClosed = false;

  deliver(records: readonly OutputRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.calls.push({ seqs: records.map(({ seq }) => seq), resolve, reject });
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const renderer = new CertificateRenderer();

function start(after = 0) {
  const clock = new VirtualClock();
  const journal = memoryJournal();
  const output = new ManualOutput();
  const noted: string[] = [];
  journal.release('manual', after);
  const runner = new OutputRunner(output, {
    journal,
    batchOf: ({ seq, batch }) => new CertificateBatch(batch, renderer, { seq, offset: 0 }),
    clock,
    after,
    onAcknowledged: (seq) => {
      noted.push(`acknowledged ${seq}`);
      journal.release('manual', seq);
    },
    onFailure: (error) => noted.push(`failed: ${(error as Error).message}`),
    onSlow: (message) => noted.push(`slow: ${message}`),
    onRecovery: () => noted.push('recovered'),
    onSkipped: ({ from, to }) => noted.push(`skipped ${from}-${to}`),
  });
  const append = (count: number): void => {
    for (let i = 0; i < count; i++) journal.append(fakeEntries(journal.newest * 2, 2), 'next');
  };
  return { clock, journal, output, noted, runner, append };
}

describe(OutputRunner.name, () => {
  it('delivers in order, all available records at a time up to the limit of the output', async () => {
    const { clock, output, noted, runner, append } = start();
    runner.start();
    append(1);
    await clock.runUntil(20);
    append(5);
    expect(output.calls.map(({ seqs }) => seqs)).toEqual([[1]]);
    output.calls[0].resolve();
    await clock.runUntil(40);
    output.calls[1].resolve();
    await clock.runUntil(60);
    output.calls[2].resolve();
    await clock.runUntil(80);
    expect(output.calls.map(({ seqs }) => seqs)).toEqual([[1], [2, 3, 4], [5, 6]]);
    expect(noted).toEqual(['acknowledged 1', 'acknowledged 4', 'acknowledged 6']);
    expect(runner.stats).toMatchObject({ records: 6, entries: 12, failures: 0, acknowledged: 6 });
  });

  it('delivers the same records again after a rejection, each time after a longer pause', async () => {
    const { clock, output, noted, runner, append } = start();
    runner.start();
    append(2);
    await clock.runUntil(20);
    for (const time of [1000, 3000, 7000]) {
      output.calls.at(-1)!.reject(new Error('broker down'));
      await clock.runUntil(time);
    }
    append(2);
    output.calls.at(-1)!.resolve();
    await clock.runUntil(8000);
    expect(output.calls.map(({ seqs }) => seqs)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      [3, 4],
    ]);
    const failed = 'failed: broker down';
    expect(noted).toEqual([failed, failed, failed, 'recovered', 'acknowledged 2']);
    expect(clock.sleeps).toEqual([750, 1500, 3000]);
    expect(runner.stats).toMatchObject({ failures: 3, repeatedEntries: 12, entries: 4, failingSince: 0 });
    expect(runner.stats.lastFailure).toMatchObject({ code: 'OUTPUT_FAILED', message: 'broker down' });
  });

  it('waits as long as the other side requests, unless its own pause is longer', async () => {
    const { clock, output, runner, append } = start();
    runner.start();
    append(1);
    await clock.runUntil(20);
    for (const [retryAfterMs, time] of [
      [90_000, 100_000],
      [10, 110_000],
    ]) {
      output.calls.at(-1)!.reject(new OutputError('OUTPUT_REFUSED', 'busy', { retryAfterMs }));
      await clock.runUntil(time);
    }
    expect(clock.sleeps).toEqual([90_000, 1500]);
    expect(output.calls.map(({ seqs }) => seqs)).toEqual([[1], [1], [1]]);
  });

  it('reports a delivery that takes long, once, and its end', async () => {
    const { clock, output, noted, runner, append } = start();
    runner.start();
    append(1);
    await clock.runUntil(100_000);
    expect(noted).toEqual(['slow: it has not acknowledged a delivery for 30 s']);
    expect(runner.stats).toMatchObject({ failures: 0, lastFailure: { code: 'OUTPUT_TIMEOUT' } });
    expect(runner.stats.failingSince).toBe(runner.stats.lastFailure!.time - 30_000);
    output.calls[0].resolve();
    append(1);
    await clock.runUntil(100_100);
    output.calls[1].resolve();
    await clock.runUntil(200_000);
    expect(noted.slice(1)).toEqual(['recovered', 'acknowledged 1', 'acknowledged 2']);
  });

  it('goes on after a read that fails while a delivery is under way', async () => {
    const { clock, journal, output, noted, runner, append } = start();
    Object.assign(output, { limit: { bytes: 1_000_000, records: 1 } });
    const read = journal.read.bind(journal);
    journal.read = async function* (from, signal) {
      journal.read = read;
      for await (const record of read(from, signal)) {
        yield record;
        throw new Error('unreadable');
      }
    };
    append(2);
    runner.start();
    await clock.runUntil(20);
    await new Promise((resolve) => setImmediate(resolve));
    output.calls[0].resolve();
    await clock.runUntil(5000);
    output.calls[1].resolve();
    await clock.runUntil(6000);
    expect(output.calls.map(({ seqs }) => seqs)).toEqual([[1], [2]]);
    expect(noted).toEqual(['acknowledged 1', 'failed: unreadable', 'recovered', 'acknowledged 2']);
  });

  it('treats an output that throws like one that rejects', async () => {
    const { clock, output, noted, runner, append } = start();
    output.deliver = () => {
      throw new Error('a mistake');
    };
    runner.start();
    append(1);
    await clock.runUntil(20);
    expect(noted).toEqual(['failed: a mistake']);
    await runner.stop();
    expect(output.isClosed).toBe(true);
  });

  it('acknowledges only what the output acknowledged, and closes it after the current delivery has ended', async () => {
    const { clock, output, noted, runner, append } = start();
    runner.start();
    append(2);
    await clock.runUntil(20);
    const stopped = runner.stop();
    await clock.runUntil(40);
    expect(output.isClosed).toBe(false);
    output.calls[0].resolve();
    await stopped;
    expect(output.isClosed).toBe(true);
    expect(noted).toEqual(['acknowledged 2']);
    expect(output.calls).toHaveLength(1);
  });

  it('skips records that the journal has dropped, and reports them', async () => {
    const { clock, journal, output, noted, runner } = start();
    // The journal holds 64 KiB. It keeps what a registered reader needs, so the output is registered after the appends.
    journal.release('manual', Infinity);
    for (let i = 0; i < 3; i++) journal.append(testBatch(i * 2, 2, 20 * 1024), 'next');
    runner.start();
    await clock.runUntil(20);
    expect(output.calls.map(({ seqs }) => seqs)).toEqual([[3]]);
    expect(noted).toEqual(['skipped 1-2', 'acknowledged 2']);
    expect(runner.stats.skipped).toBe(2);
  });

  it.each([0, NaN, undefined])(
    'delivers one record at a time to an output whose limit is %s',
    async (records) => {
      const { clock, output, runner, append } = start();
      Object.assign(output, { limit: { bytes: records, records } });
      append(2);
      runner.start();
      for (let i = 0; i < 2; i++) {
        await clock.runUntil(20 * (i + 1));
        output.calls[i].resolve();
      }
      await clock.runUntil(60);
      expect(output.calls.map(({ seqs }) => seqs)).toEqual([[1], [2]]);
    },
  );
});
