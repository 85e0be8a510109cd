import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamKind } from '../../src/certificate/rendered-texts.js';
import { BackPressure } from '../../src/feed/back-pressure.js';
import { CertificateFeed } from '../../src/feed/certificate-feed.js';
import { MemoryJournal } from '../../src/feed/journal/memory/memory-journal.js';
import { PAGE_ENTRIES, type BenchInput } from './bench-input.js';
import type { CertificateStages } from './certificate-stages.js';
import { usageOf } from './process-usage.js';

const REPORT_MS = 15_000;
const KINDS: readonly StreamKind[] = ['lite', 'full', 'domains'];

/**
 * Publishes pages and tiles in turn on a CertificateFeed with one subscriber that requests all three texts of the default
 * dialect. It prints resident memory and CPU time as the operating system counts them.
 * @param rate entries per second
 */
export async function feedSteadily(
  input: BenchInput,
  stages: CertificateStages,
  minutes: number,
  rate: number,
): Promise<void> {
  const pressure = new BackPressure();
  const journal = new MemoryJournal(pressure, { maxBytes: 0, onFull: 'skip' });
  const stream = new CertificateFeed(journal, pressure);
  let octets = 0;
  stream.batches$.subscribe((batch) => {
    for (const kind of KINDS) octets += batch.texts(kind).buffer.length;
  });
  const start = performance.now();
  let reported = start;
  let before = usageOf(process.pid);
  for (let fed = 0; performance.now() - start < minutes * 60_000; fed++) {
    const due = start + (fed * PAGE_ENTRIES * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 1) await sleep(wait);
    // Copies, because every response has memory of its own.
    const page = Buffer.from(input.pages[fed % input.pages.length]);
    const { bytes, firstIndex } = input.tiles[fed % input.tiles.length];
    const tile = { bytes: Buffer.from(bytes), firstIndex };
    stream.publish(fed % 2 === 0 ? stages.decodePage(page) : stages.decodeTile(tile));
    const now = performance.now();
    if (now - reported < REPORT_MS) continue;
    const usage = usageOf(process.pid);
    const cpu = ((usage.cpuSeconds - before.cpuSeconds) / (now - reported)) * 1e5;
    console.log(
      `${((now - start) / 60_000).toFixed(2)} min: ${usage.residentMb.toFixed(1)} MB resident, ${cpu.toFixed(1)} % of a core, ` +
        `${stream.stats.entries} entries, ${(octets / 1e9).toFixed(2)} GB of texts`,
    );
    reported = now;
    before = usage;
  }
}
