import { BackPressure } from '../../src/feed/back-pressure.js';
import { CertificateFeed } from '../../src/feed/certificate-feed.js';
import { MemoryJournal } from '../../src/feed/journal/memory/memory-journal.js';

/** A journal in memory of 64 KiB, whose readers make publishers wait when it is full. */
export function memoryJournal(pressure = new BackPressure()): MemoryJournal {
  return new MemoryJournal(pressure, { maxBytes: 64 * 1024, onFull: 'wait' });
}

/** A feed that no application owns. */
export function certificateFeed(): CertificateFeed {
  const pressure = new BackPressure();
  return new CertificateFeed(memoryJournal(pressure), pressure);
}
