import type { EntryBatch, RecordKind } from '../../../certificate/entry-batch.js';
import { copyEntryBatch, isContinuedBy, joinEntryBatches } from '../../../certificate/entry-batch-join.js';
import { MAX_RECORD_BYTES, MAX_RECORD_ENTRIES } from '../../../certificate/entry-batch-records.js';
import { EntryBatchBuilder } from '../../../certificate/entry-batch-builder.js';
import { ENTRY_COLUMNS } from '../../../certificate/entry-batch.js';
import type { UnavailableEntries } from '../entry-journal.js';
import type { FrameKind } from './frame-headers.js';

/** Octets of an entry in a frame, beside those of its parts. */
const ENTRY_HEAD_BYTES = 8 + 4 * ENTRY_COLUMNS;

/** The content of one message of the stream. */
export interface Frame {
  readonly kind: FrameKind;
  /** Index of the first entry, and number of entries. */
  readonly first: number;
  readonly count: number;
  /** The entries; without any for `unavailable`. */
  readonly batch: EntryBatch;
  /** Octets of memory. */
  readonly bytes: number;
  /** Number of appended parts that are joined in it. */
  readonly parts: number;
}

/** FrameQueue holds copies of the entries of one log until they are published, and joins those that continue each other. */
export class FrameQueue {
  private readonly frames: Frame[] = [];
  private held = 0;

  /** Octets of memory of all frames. */
  get bytes(): number {
    return this.held;
  }

  get length(): number {
    return this.frames.length;
  }

  /** Number of all entries. */
  get entries(): number {
    return this.frames.reduce((sum, { batch }) => sum + batch.count, 0);
  }

  /** Whether the first frame cannot grow any more. */
  get isReady(): boolean {
    const { frames } = this;
    if (frames.length === 0) return false;
    return frames[0].count >= MAX_RECORD_ENTRIES || this.joined(Infinity).length < frames.length;
  }

  push(batch: EntryBatch, kind: RecordKind): void {
    const copy = copyEntryBatch(batch);
    this.add({
      kind,
      first: batch.firstIndex,
      count: batch.count,
      batch: copy,
      bytes: sizeOf(copy),
      parts: 1,
    });
  }

  pushUnavailable({ source, from, to }: UnavailableEntries): void {
    const head = { source, firstIndex: from, bytes: Buffer.alloc(0), seen: Date.now() };
    const batch = new EntryBatchBuilder('get-entries', 1).build(head);
    this.add({ kind: 'unavailable', first: from, count: to - from, batch, bytes: sizeOf(batch), parts: 1 });
  }

  /** Removes and returns the first frame, joined with those that continue it, up to a number of octets. */
  take(maxBytes: number): Frame | undefined {
    const parts = this.joined(Math.min(maxBytes, MAX_RECORD_BYTES));
    this.frames.splice(0, parts.length);
    if (parts.length === 0) return undefined;
    const [{ kind, first }] = parts;
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    this.held -= bytes;
    if (parts.length === 1) return parts[0];
    const joined = joinEntryBatches(parts.map((part) => part.batch));
    return { kind, first, count: joined.count, batch: joined, bytes, parts: parts.length };
  }

  clear(): void {
    this.frames.length = 0;
    this.held = 0;
  }

  private add(frame: Frame): void {
    this.frames.push(frame);
    this.held += frame.bytes;
  }

  private joined(maxBytes: number): readonly Frame[] {
    const { frames } = this;
    let to = 0;
    let [count, bytes] = [0, 0];
    for (; to < frames.length; to++) {
      const frame = frames[to];
      count += frame.count;
      bytes += frame.bytes;
      if (to === 0) continue;
      const isFull = count > MAX_RECORD_ENTRIES || bytes > Math.min(maxBytes, MAX_RECORD_BYTES);
      if (isFull || !isJoinable(frames[to - 1], frame)) break;
    }
    return frames.slice(0, to);
  }
}

function isJoinable(one: Frame, next: Frame): boolean {
  return one.kind === next.kind && one.kind !== 'unavailable' && isContinuedBy(one.batch, next.batch);
}

function sizeOf({ bytes, count, issuers }: EntryBatch): number {
  return bytes.length + count * ENTRY_HEAD_BYTES + issuers.bytes;
}
