import { deflateEach, deflateEncoding } from './deflate-encoding.js';
import { deflateFrames, type DeflateStep } from './deflated-frames.js';
import type { CompressionContext, FrameBatch, FrameEncoding } from './frame-encoding.js';
import { RawDeflate } from './raw-deflate.js';
import { MAX_FRAME_HEADER, textFrame, webSocketEncoding } from './websocket-encoding.js';

/** The levels above it give frames that are 1 % smaller, and take longer. */
const LEVEL = 6;

/**
 * A permessage-deflate context (RFC 7692, 7.2.3.2) that all clients of a stream share. The window of an inflater holds the
 * last 32 KiB of text, and how these were compressed makes no difference. So a client can begin to read the messages of
 * the context after 32 KiB of the same texts in messages that were compressed alone. Plain messages may come between any
 * others, but the inflater does not see them.
 */
export class SharedDeflate implements CompressionContext {
  textBytes = 0;
  private readonly deflate = new RawDeflate(LEVEL);
  private readonly step: DeflateStep = (...args) => this.deflate.write(...args);

  compress(plain: FrameBatch): FrameBatch {
    const frames = deflateFrames(plain, this.step, false);
    this.textBytes += plain.frameStart[plain.count] - plain.frameStart[0];
    return frames;
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
  sharing: {
    createContext: () => new SharedDeflate(),
    compressEach: (plain) => deflateEach(plain),
    windowBytes: 32_768,
    maxHeader: MAX_FRAME_HEADER,
    alone: deflateEncoding,
  },
};
