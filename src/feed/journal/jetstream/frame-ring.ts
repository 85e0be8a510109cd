import type { EntryBatch } from '../../../certificate/entry-batch.js';
import type { JournalRecord } from '../entry-journal.js';

/** A message of the stream in memory. */
export interface RingItem {
  readonly seq: number;
  /** When the stream stored it, milliseconds since the epoch. */
  readonly time: number;
  /** Octets of memory. */
  readonly bytes: number;
  /** Undefined for a message without entries, and for one that cannot be read. */
  readonly record: JournalRecord | undefined;
  readonly isUnreadable: boolean;
}

const COMPACT_AT = 1024;

/** FrameRing keeps the newest consecutive messages of the stream in memory, up to a number of octets. */
export class FrameRing {
  private items: RingItem[] = [];
  /** Number of dropped items at the start of {@link items}. */
  private dropped = 0;
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Sequence of the oldest message; undefined without messages. */
  get first(): number | undefined {
    return this.items[this.dropped]?.seq;
  }

  /** Adds the newest message. After a gap in the sequence, earlier messages are dropped. */
  add(item: RingItem): void {
    const last = this.items.at(-1);
    if (last !== undefined && item.seq !== last.seq + 1) this.clear();
    this.items.push(item);
    this.bytes += item.bytes;
    while (this.bytes > this.maxBytes && this.items.length - this.dropped > 1) {
      this.bytes -= this.items[this.dropped].bytes;
      this.items[this.dropped++] = EMPTY;
    }
    if (this.dropped < COMPACT_AT) return;
    this.items.splice(0, this.dropped);
    this.dropped = 0;
  }

  get(seq: number): RingItem | undefined {
    const { first } = this;
    return first === undefined || seq < first ? undefined : this.items[this.dropped + seq - first];
  }

  /** Returns the sequence of the first message of a time or later; undefined if an earlier message may be one, or no message is. */
  findTime(time: number): number | undefined {
    const { items, dropped } = this;
    if (items.length === dropped || items[dropped].time >= time) return undefined;
    for (let at = dropped; at < items.length; at++) if (items[at].time >= time) return items[at].seq;
    return undefined;
  }

  clear(): void {
    this.items = [];
    this.dropped = 0;
    this.bytes = 0;
  }
}

const EMPTY: RingItem = { seq: 0, time: 0, bytes: 0, record: undefined, isUnreadable: false };

/** Returns the octets of memory of a decoded message of the given length. */
export function ringBytes(length: number, batch: EntryBatch | undefined): number {
  return length + (batch === undefined ? 0 : batch.table.byteLength + batch.timestamps.byteLength);
}
