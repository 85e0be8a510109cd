import { randomBytes } from 'node:crypto';
import { type EntryBatch, type RecordKind, memoryOf } from '../../../certificate/entry-batch.js';
import { WaitQueue } from '../../../kernel/wait-queue.js';
import type { BackPressure } from '../../back-pressure.js';
import type { EntryJournal, JournalGap, JournalRecord, ReadFrom } from '../entry-journal.js';

export interface MemoryJournalOptions {
  /** Bound on the memory that the records hold, in octets. */
  readonly maxBytes: number;
  /**
   * What happens when the journal is full of records that registered readers need: the logs wait, or the oldest
   * records are dropped.
   */
  readonly onFull: 'wait' | 'skip';
}

interface KeptRecord extends JournalRecord {
  /** Wall-clock time of the append, milliseconds since the epoch. */
  readonly appendedAt: number;
  /** Octets that this record holds. A page that it shares with the previous record is not counted again. */
  readonly bytes: number;
}

/**
 * A journal in memory. It keeps the records that its readers still need, up to a bound, and none without readers.
 * {@link durable} waits for the registered readers, since records that they have not released would be lost with the
 * process.
 */
export class MemoryJournal implements EntryJournal {
  readonly epoch = randomBytes(9).toString('base64url');
  newest = 0;
  private readonly records: KeptRecord[] = [];
  private keptBytes = 0;
  private lastMemory: Buffer | undefined;
  /** The number up to which each reader has released the records, by name. */
  private readonly released = new Map<string, number>();
  private readonly following = new Set<{ next: number }>();
  /** Readers and saves that wait for the next change. */
  private readonly changes = new WaitQueue();

  constructor(
    private readonly pressure: BackPressure,
    private readonly options: MemoryJournalOptions,
  ) {}

  get oldest(): number {
    return this.records[0]?.seq ?? this.newest + 1;
  }

  restart(): void {
    // `append` leaves out no entries.
  }

  append(batch: EntryBatch, kind: RecordKind): number {
    const seq = ++this.newest;
    if (this.released.size === 0 && this.following.size === 0) return seq;
    const page = batch.bytes === this.lastMemory ? 0 : memoryOf(batch);
    const bytes = page + batch.table.byteLength;
    this.lastMemory = batch.bytes;
    this.records.push({ seq, kind, batch, appendedAt: Date.now(), bytes });
    this.keptBytes += bytes;
    this.trim();
    this.changes.wakeAll();
    return seq;
  }

  async durable(): Promise<void> {
    const { newest } = this;
    while (this.leastReleased() < newest) await this.changes.wait(undefined);
  }

  async *read(from: ReadFrom, signal: AbortSignal): AsyncGenerator<JournalRecord | JournalGap, void> {
    const reader = { next: this.startOf(from) };
    this.following.add(reader);
    try {
      while (!signal.aborted) {
        const { oldest } = this;
        const record = this.records[reader.next - oldest];
        if (reader.next < oldest && reader.next <= this.newest) {
          const gap = { from: reader.next, to: oldest - 1 };
          reader.next = oldest;
          yield gap;
        } else if (record === undefined) {
          await this.changes.wait(signal);
        } else {
          reader.next++;
          yield { seq: record.seq, kind: record.kind, batch: record.batch };
          this.trim();
        }
      }
    } finally {
      this.following.delete(reader);
      this.trim();
    }
  }

  release(reader: string, seq: number): void {
    this.released.set(reader, seq);
    this.trim();
    this.changes.wakeAll();
  }

  close(): Promise<void> {
    this.pressure.release(this);
    return Promise.resolve();
  }

  private startOf(from: ReadFrom): number {
    if (from === 'now') return this.newest + 1;
    if ('after' in from) return Math.max(1, from.after + 1);
    return this.records.find(({ appendedAt }) => appendedAt >= from.time)?.seq ?? this.newest + 1;
  }

  private leastReleased(): number {
    return Math.min(Infinity, ...this.released.values());
  }

  /** Drops records that no reader needs, and the oldest records above the memory bound. */
  private trim(): void {
    let needed = this.leastReleased() + 1;
    for (const { next } of this.following) needed = Math.min(needed, next);
    const { maxBytes, onFull } = this.options;
    const mayWait = onFull === 'wait';
    let dropped = 0;
    for (const { seq, bytes } of this.records) {
      const isHeld = mayWait && seq > this.leastReleased();
      if (seq >= needed && (this.keptBytes <= maxBytes || isHeld)) break;
      this.keptBytes -= bytes;
      dropped++;
    }
    if (dropped > 0) this.records.splice(0, dropped);
    if (this.records.length === 0) this.lastMemory = undefined;
    if (this.keptBytes > maxBytes) this.pressure.hold(this);
    else this.pressure.release(this);
  }
}
