import type { BatchPlace } from '../../certificate/certificate-batch.js';
import { MAX_GAP_RANGES } from './message-gap.js';
import type { SharedSlice } from './shared-slice.js';

/** Is called with dropped messages: the entries `firstIndex` to `firstIndex + count - 1` of a log. */
export type OnDropped = (...run: EntryRun) => void;

/** The entries `firstIndex` to `firstIndex + count - 1` of a log, and the place of the first of them. */
export type EntryRun = readonly [logUrl: string, firstIndex: number, count: number, place?: BatchPlace];

/** Bounds on the messages that wait for one client, not counting the slice that was queued last. */
export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** Whole frames that are written in one piece. */
export interface QueuedFrames {
  readonly bytes: Buffer;
  readonly count: number;
  readonly publishedAt: number;
  /** Entries that follow these frames and could not be sent. */
  readonly lost: readonly EntryRun[];
}

/** A slice whose messages wait from index `from` on. */
interface WaitingSlice {
  readonly slice: SharedSlice;
  from: number;
  /** Entries that follow its last message and could not be sent. */
  lost: EntryRun[];
  previous?: WaitingSlice;
  next?: WaitingSlice;
  /** The log of a slice with a single log, and the next slice of the same log. */
  log?: LogBacklog;
  nextOfLog?: WaitingSlice;
}

interface LogBacklog {
  readonly logUrl: string;
  messages: number;
  bytes: number;
  oldest: WaitingSlice;
  newest: WaitingSlice;
}

/** Small pieces are written together up to this number of bytes. */
const GATHERED = 65_536;

/**
 * The messages that wait for one client, oldest first. The queue holds references to slices that other clients share.
 * When too many messages wait, the queue drops the oldest ones of the log that has most of them, so a log with few
 * messages loses none. From the first drop until the queue is empty, each slice belongs to a single log.
 */
export class SubscriberQueue {
  private first: WaitingSlice | undefined;
  private last: WaitingSlice | undefined;
  /** Undefined until the first drop. */
  private logs: Map<string, LogBacklog> | undefined;
  private waiting = 0;
  private waitingBytes = 0;

  get messages(): number {
    return this.waiting;
  }

  get bytes(): number {
    return this.waitingBytes;
  }

  /** @param from index of the first message that waits. */
  push(slice: SharedSlice, from = 0): void {
    const { logs } = this;
    // Allocates memory. When that fails, the queue is unchanged.
    const parts = logs === undefined ? [] : slice.byLog;
    this.waiting += slice.count - from;
    this.waitingBytes += slice.length - slice.frameStart(from);
    if (logs === undefined) this.append(slice, from);
    else this.appendParts(logs, parts, from);
  }

  /**
   * Records entries that follow the waiting messages and could not be sent. @returns false when nothing waits or the
   * list is full.
   */
  noteLost(run: EntryRun): boolean {
    const [logUrl, firstIndex, count] = run;
    const lost = this.last?.lost;
    const before = lost?.at(-1);
    if (before?.[0] === logUrl && before[1] + before[2] === firstIndex)
      lost![lost!.length - 1] = [logUrl, before[1], before[2] + count, before[3]];
    else if (lost === undefined || lost.length >= MAX_GAP_RANGES) return false;
    else lost.push(run);
    return true;
  }

  /**
   * Removes the oldest frames from the queue and returns them: one piece, or several small pieces as one. The queue
   * must not be empty.
   */
  take(): QueuedFrames {
    const { publishedAt } = this.first!.slice;
    const pieces: Buffer[] = [];
    let [count, length] = [0, 0];
    let lost: readonly EntryRun[] = [];
    do {
      const oldest = this.first!;
      const piece = oldest.slice.pieceFrom(oldest.from);
      this.remove(oldest, piece.count, piece.bytes.length);
      pieces.push(piece.bytes);
      count += piece.count;
      length += piece.bytes.length;
      if (oldest !== this.first) lost = oldest.lost;
    } while (lost.length === 0 && this.logs !== undefined && this.first !== undefined && length < GATHERED);
    return { bytes: pieces.length === 1 ? pieces[0] : Buffer.concat(pieces), count, publishedAt, lost };
  }

  /**
   * Drops messages until at most `maxMessages` messages and `maxBytes` bytes wait. It drops the oldest messages of
   * the logs that have most messages, or most bytes. Takes O(1) per dropped message and O(n log n) for n logs with
   * waiting messages.
   * @returns the number of dropped messages.
   */
  shrink(maxMessages: number, maxBytes: number, onDropped: OnDropped): number {
    const before = this.waiting;
    if (before > maxMessages) {
      const share = this.shareOf('messages', maxMessages);
      for (const log of this.separated.values()) {
        let excess = Math.min(log.messages - share, this.waiting - maxMessages);
        while (excess > 0) excess -= this.dropOldest(log, excess, onDropped);
      }
    }
    if (this.waitingBytes > maxBytes) {
      const share = this.shareOf('bytes', maxBytes);
      for (const log of this.separated.values())
        while (log.bytes > share && this.waitingBytes > maxBytes) this.dropOldest(log, 1, onDropped);
    }
    return before - this.waiting;
  }

  private shareOf(measure: 'messages' | 'bytes', most: number): number {
    const logs = this.separated;
    const wanted = new Float64Array(logs.size);
    let i = 0;
    for (const log of logs.values()) wanted[i++] = log[measure];
    return fairShare(wanted, most);
  }

  private get separated(): Map<string, LogBacklog> {
    return (this.logs ??= this.separate());
  }

  /** Drops up to `most` messages of a log within its oldest slice. @returns the number of dropped messages. */
  private dropOldest({ logUrl, oldest }: LogBacklog, most: number, onDropped: OnDropped): number {
    const { slice, from } = oldest;
    const count = Math.min(most, slice.count - from);
    const { firstIndex, place } = slice.start;
    onDropped(logUrl, firstIndex + from, count, place && { seq: place.seq, offset: place.offset + from });
    this.remove(oldest, count, slice.frameStart(from + count) - slice.frameStart(from));
    if (oldest.from === slice.count) leaveLost(oldest, onDropped);
    return count;
  }

  /** Splits the slices by log. Allocates memory; when that fails, the queue is unchanged. */
  private separate(): Map<string, LogBacklog> {
    const logs = new Map<string, LogBacklog>();
    const waiting: (readonly [WaitingSlice, readonly SharedSlice[]])[] = [];
    for (let each = this.first; each !== undefined; each = each.next) waiting.push([each, each.slice.byLog]);
    this.first = this.last = undefined;
    for (const [{ from, lost }, slices] of waiting) {
      this.appendParts(logs, slices, from);
      this.last!.lost = lost;
    }
    return logs;
  }

  private append(slice: SharedSlice, from: number): WaitingSlice {
    const waiting: WaitingSlice = { slice, from, lost: [], previous: this.last };
    if (this.last === undefined) this.first = waiting;
    else this.last.next = waiting;
    this.last = waiting;
    return waiting;
  }

  /** Appends the messages of consecutive slices of one log each, without the first `gone`. */
  private appendParts(logs: Map<string, LogBacklog>, slices: readonly SharedSlice[], gone: number): void {
    for (const slice of slices) {
      if (gone < slice.count) this.appendToLog(logs, slice, gone);
      gone = Math.max(0, gone - slice.count);
    }
  }

  private appendToLog(logs: Map<string, LogBacklog>, slice: SharedSlice, from: number): void {
    const { logUrl } = slice.start;
    const waiting = this.append(slice, from);
    const messages = slice.count - from;
    const bytes = slice.length - slice.frameStart(from);
    const log = logs.get(logUrl);
    if (log === undefined) {
      waiting.log = { logUrl, messages, bytes, oldest: waiting, newest: waiting };
      logs.set(logUrl, waiting.log);
      return;
    }
    waiting.log = log;
    log.messages += messages;
    log.bytes += bytes;
    log.newest = log.newest.nextOfLog = waiting;
  }

  /** Removes messages from the front of a slice, which must be the oldest of the queue or of its log. */
  private remove(oldest: WaitingSlice, count: number, bytes: number): void {
    this.waiting -= count;
    this.waitingBytes -= bytes;
    oldest.from += count;
    const isOver = oldest.from === oldest.slice.count;
    if (isOver) this.unlink(oldest);
    const { log } = oldest;
    if (log === undefined) return;
    log.messages -= count;
    log.bytes -= bytes;
    if (log.messages === 0) this.logs?.delete(log.logUrl);
    else if (isOver) log.oldest = oldest.nextOfLog!;
  }

  private unlink({ previous, next }: WaitingSlice): void {
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
  }
}

/**
 * Moves the lost entries of a dropped slice to the slice before it. When there is none or its list is full, they are
 * reported as dropped at once.
 */
function leaveLost({ previous, lost }: WaitingSlice, onDropped: OnDropped): void {
  const fits = previous !== undefined && previous.lost.length + lost.length <= MAX_GAP_RANGES;
  if (fits) previous.lost.push(...lost);
  else for (const run of lost) onDropped(...run);
}

/**
 * Divides `most` fairly: an amount below the fair share is granted in full, and the other amounts are cut to the same
 * share.
 * @param wanted is sorted in place.
 * @returns the share as a whole number, or Infinity when `most` is enough for all.
 */
export function fairShare(wanted: Float64Array, most: number): number {
  let left = most;
  let others = wanted.length;
  for (const amount of wanted.sort()) {
    const share = left / others--;
    if (amount > share) return Math.floor(share);
    left -= amount;
  }
  return Infinity;
}
