import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { GapMessage, GapReason, IndexRange } from './stream-events.js';

/** Bound on the ranges in one gap message. Further ranges are only counted. */
export const MAX_GAP_RANGES = 100;

/** The messages that a client missed between two messages. */
export class MessageGap {
  private messages = 0;
  private ranges = 0;
  private isTruncated = false;
  private first: BatchPlace | undefined;
  private readonly logs = new Map<string, IndexRange[]>();

  /**
   * Adds the entries `firstIndex` to `firstIndex + count - 1` of a log. Calls for the same log must be in the order
   * of the indices. @param place of the first entry in the journal.
   */
  add(logUrl: string, firstIndex: number, count: number, place?: BatchPlace): void {
    this.messages += count;
    if (place !== undefined && (this.first === undefined || isBefore(place, this.first))) this.first = place;
    const known = this.logs.get(logUrl);
    const last = known?.at(-1);
    if (last !== undefined && last.to + 1 === firstIndex) {
      last.to += count;
      return;
    }
    if (this.ranges === MAX_GAP_RANGES) {
      this.isTruncated = true;
      return;
    }
    this.ranges++;
    const range = { from: firstIndex, to: firstIndex + count - 1 };
    if (known === undefined) this.logs.set(logUrl, [range]);
    else known.push(range);
  }

  /**
   * @param cursorOf returns the cursor of a place.
   * @param hasNumber false if it is unknown how many of the entries the client would have got.
   */
  toMessage(reason: GapReason, cursorOf: (place: BatchPlace) => string, hasNumber = true): GapMessage {
    const logs = [...this.logs].map(([url, ranges]) => ({ url, ranges }));
    const { isTruncated: truncated, first } = this;
    const messages = hasNumber ? { messages: this.messages } : {};
    const cursor = first && { cursor: cursorOf(first) };
    return { message_type: 'gap', data: { ...messages, logs, truncated, reason, ...cursor } };
  }
}

function isBefore(a: BatchPlace, b: BatchPlace): boolean {
  return a.seq === b.seq ? a.offset < b.offset : a.seq < b.seq;
}
