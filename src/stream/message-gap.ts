import { MAX_FRAME_HEADER, frameHeaderLength, writeFrameHeader } from '../feed/frame-header.js';

/** Ranges named in one gap message; what exceeds them is counted only. */
export const MAX_GAP_RANGES = 100;

interface IndexRange {
  readonly from: number;
  to: number;
}

/** What a client missed between two messages. */
export class MessageGap {
  private messages = 0;
  private ranges = 0;
  private isTruncated = false;
  private readonly logs = new Map<string, IndexRange[]>();

  /** Adds the entries `firstIndex` to `firstIndex + count - 1` of a log; of one log in the order of its indices. */
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

  /** The message as a Text frame (docs/wire-format.md). */
  toFrame(): Buffer {
    const logs = [...this.logs].map(([url, ranges]) => ({ url, ranges }));
    const data = { messages: this.messages, logs, truncated: this.isTruncated };
    return textFrame(JSON.stringify({ message_type: 'gap', data }));
  }
}

/** A text as one unfragmented, uncompressed frame. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const frame = Buffer.allocUnsafeSlow(MAX_FRAME_HEADER + payload.length);
  const headerLength = frameHeaderLength(payload.length);
  writeFrameHeader(frame, 0, payload.length);
  frame.set(payload, headerLength);
  return frame.subarray(0, headerLength + payload.length);
}
