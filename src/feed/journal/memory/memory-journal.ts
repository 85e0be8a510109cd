import { randomBytes } from 'node:crypto';
import type { EntryBatch, RecordKind } from '../../../certificate/entry-batch.js';
import { WaitQueue } from '../../../kernel/wait-queue.js';
import type { BackPressure } from '../../back-pressure.js';
import type {
  AppendedRecord,
  EntryJournal,
  JournalBacklog,
  JournalGap,
  JournalRecord,
  ReadFrom,
} from '../entry-journal.js';
import { BlockMemory } from './block-memory.js';
import { KeptBatch } from './kept-batch.js';

export interface MemoryJournalOptions {
  /** Bound on the memory that the records hold, in octets. */
  readonly maxBytes: number;
  /**
   * What happens when the journal is full of records that registered readers need: the logs wait, or the oldest
   * records are dropped.
   */
  readonly onFull: 'wait' | 'skip';
}

interface KeptRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  readonly batch: KeptBatch;
  /** Wall-clock time of the append, milliseconds since the epoch. */
  readonly appendedAt: number;
}

/**
 * A journal in memory. It keeps copies of the newest records up to a bound. {@link durable} waits for the registered readers, since
 * records that they have not released would be lost with the process.
 */
export class MemoryJournal implements EntryJournal {
  readonly epoch = randomBytes(9).toString('base64url');
  readonly run = 1;
  readonly delivers = false;
  newest = 0;
  private readonly records: KeptRecord[] = [];
  private keptBytes = 0;
  private droppedUntil = Date.now();
  private readonly memory = new BlockMemory();
  /** The number up to which each reader has released the records, by name. */
  private readonly released = new Map<string, number>();
  /** Readers and saves that wait for the next change. */
  private readonly changes = new WaitQueue();

  constructor(
    private readonly pressure: BackPressure,
    private readonly options: MemoryJournalOptions,
  ) {}

  get oldest(): number {
    return this.records[0]?.seq ?? this.newest + 1;
  }

  get oldestTime(): number {
    return this.droppedUntil;
  }

  /** `append` leaves out no entries, so there is nothing to prepare. */
  open(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  live(): void {
    // The publisher delivers each record itself.
  }

  unavailable(): void {
    // The publisher reports the entries itself.
  }

  append(batch: EntryBatch, kind: RecordKind): AppendedRecord {
    const seq = ++this.newest;
    const kept = new KeptBatch(batch, this.memory);
    this.records.push({ seq, kind, batch: kept, appendedAt: Date.now() });
    this.keptBytes += kept.size;
    this.trim();
    this.changes.wakeAll();
    return { seq, known: 0 };
  }

  endOf(run: number): number | undefined {
    return run === this.run ? this.newest + 1 : undefined;
  }

  async durable(): Promise<void> {
    const { newest } = this;
    while (this.leastReleased() < newest) await this.changes.wait(undefined);
  }

  async *read(from: ReadFrom, signal: AbortSignal): AsyncGenerator<JournalRecord | JournalGap, void> {
    let next = this.startOf(from);
    while (!signal.aborted) {
      const { oldest } = this;
      const record = this.records[next - oldest];
      if (next < oldest) {
        const gap = { from: next, to: oldest - 1 };
        next = oldest;
        yield gap;
      } else if (record === undefined) {
        await this.changes.wait(signal);
      } else {
        next++;
        yield { seq: record.seq, kind: record.kind, batch: record.batch.read() };
      }
    }
  }

  /** Counts exactly. */
  backlog(after: number): JournalBacklog {
    const { records } = this;
    let [entries, bytes, at] = [0, 0, records.length];
    for (; at > 0 && records[at - 1].seq > after; at--) {
      entries += records[at - 1].batch.count;
      bytes += records[at - 1].batch.size;
    }
    return { records: records.length - at, entries, bytes, oldestTime: records[at]?.appendedAt };
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

  /** Drops the oldest records above the memory bound, except those that the logs must wait for. */
  private trim(): void {
    const { maxBytes, onFull } = this.options;
    const held = onFull === 'wait' ? this.leastReleased() : Infinity;
    let dropped = 0;
    for (const { seq, batch } of this.records) {
      if (this.keptBytes <= maxBytes || seq > held) break;
      this.keptBytes -= batch.size;
      batch.free();
      dropped++;
    }
    if (dropped > 0) {
      const gone = this.records.splice(0, dropped).at(-1)!;
      this.droppedUntil = this.records[0]?.appendedAt ?? gone.appendedAt;
    }
    if (this.keptBytes > maxBytes) this.pressure.hold(this);
    else this.pressure.release(this);
  }
}
