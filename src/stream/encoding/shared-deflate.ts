import { deflateEach, deflateEncoding } from './deflate-encoding.js';
import { deflateFrames, type DeflateStep } from './deflated-frames.js';
import type { CompressionContext, FrameBatch, FrameEncoding } from './frame-encoding.js';
import { RawDeflate } from './raw-deflate.js';
import { textFrame, webSocketEncoding } from './websocket-encoding.js';

/** The levels above it give frames that are 1 % smaller, and take longer. */
const LEVEL = 6;

/**
 * A permessage-deflate context (RFC 7692, 7.2.3.2) that all clients of a stream share. A message may refer to the 32 KiB
 * of texts before it, so each client must receive every message since the last {@link reset}, and may receive plain
 * messages and messages that were compressed alone in between.
 */
export class SharedDeflate implements CompressionContext {
  messages = 0;
  private readonly deflate = new RawDeflate(LEVEL);
  private readonly step: DeflateStep = (...args) => this.deflate.write(...args);

  compress(plain: FrameBatch): FrameBatch {
    const frames = deflateFrames(plain, this.step, false);
    this.messages += plain.count;
    return frames;
  }

  reset(): void {
    this.deflate.reset();
    this.messages = 0;
  }

  close(): void {
    this.deflate.close();
  }
}

/** Sends messages to clients that negotiated permessage-deflate with context takeover. It makes plain frames, see {@link FrameEncoding.sharing}. */
export const sharedDeflateEncoding: FrameEncoding = {
  name: 'websocket-shared-deflate',
  encode: (texts) => webSocketEncoding.encode(texts),
  encodeMessage: textFrame,
  sharing: { createContext: () => new SharedDeflate(), compressEach: deflateEach, alone: deflateEncoding },
};
