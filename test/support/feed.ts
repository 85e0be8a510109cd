import { BackPressure } from '../../src/feed/back-pressure.js';
import { CertificateFeed } from '../../src/feed/certificate-feed.js';
import { MemoryJournal } from '../../src/feed/journal/memory/memory-journal.js';

/** Creates a journal in memory of 64 KiB. When it is full, its readers make publishers wait. */
export function memoryJournal(pressure = new BackPressure()): MemoryJournal {
  return new MemoryJournal(pressure, { maxBytes: 64 * 1024, onFull: 'wait' });
}

/** Creates a feed outside any application. */
export function certificateFeed(): CertificateFeed {
  const pressure = new BackPressure();
  return new CertificateFeed(memoryJournal(pressure), pressure);
}
