import type { ServerMessage } from '../encoding/frame-encoding.js';

/** Bound on the ranges in one gap message. Further ranges are only counted. */
export const MAX_GAP_RANGES = 100;

/** Log indices, both inclusive. */
interface IndexRange {
  readonly from: number;
  to: number;
}

/**
 * A message about `messages` messages that were dropped. `logs` lists their ranges, all of them unless `truncated` is
 * set.
 */
export interface GapMessage extends ServerMessage {
  readonly message_type: 'gap';
  readonly data: {
    readonly messages: number;
    readonly logs: readonly { readonly url: string; readonly ranges: readonly IndexRange[] }[];
    readonly truncated: boolean;
  };
}

/** The messages that a client missed between two messages. */
export class MessageGap {
  private messages = 0;
  private ranges = 0;
  private isTruncated = false;
  private readonly logs = new Map<string, IndexRange[]>();

  /**
   * Adds the entries `firstIndex` to `firstIndex + count - 1` of a log. Calls for the same log must be in the order
   * of the indices.
   */
  add(logUrl: string, firstIndex: number, count: number): void {
    this.messages += count;
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

  /** Returns the gap message (docs/wire-format.md). */
  toMessage(): GapMessage {
    const logs = [...this.logs].map(([url, ranges]) => ({ url, ranges }));
    return { message_type: 'gap', data: { messages: this.messages, logs, truncated: this.isTruncated } };
  }
}
