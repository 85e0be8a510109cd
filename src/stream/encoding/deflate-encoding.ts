import { constants, deflateRawSync } from 'node:zlib';
import type { RenderedTexts } from '../../certificate/rendered-texts.js';
import type { FrameBatch, FrameEncoding } from './frame-encoding.js';
import { frameHeaderLength, textFrame, writeFrameHeader } from './websocket-encoding.js';

/** Length of the empty block at the end of a sync flush. A permessage-deflate message omits it (RFC 7692, 7.2.1). */
const FLUSH_TAIL = 4;
const DEFLATE = { level: 3, finishFlush: constants.Z_SYNC_FLUSH };

/** The frames of texts that were compressed before. Dialects that share texts share the frames as well. */
const compressed = new WeakMap<RenderedTexts, FrameBatch>();

/**
 * Sends messages as permessage-deflate frames. Each message is compressed by itself, so every client that negotiated
 * `server_no_context_takeover` with a 32 KiB window can receive the same octets.
 */
export const deflateEncoding: FrameEncoding = {
  name: 'websocket-deflate',

  encode(texts: RenderedTexts): FrameBatch {
    const known = compressed.get(texts) ?? compress(texts);
    compressed.set(texts, known);
    return known;
  },

  encodeMessage: textFrame,
};

function compress({ buffer, count, frameStart, textStart }: RenderedTexts): FrameBatch {
  const payloads: Buffer[] = [];
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) {
    const deflated = deflateRawSync(buffer.subarray(textStart[i], frameStart[i + 1]), DEFLATE);
    const payload = deflated.subarray(0, deflated.length - FLUSH_TAIL);
    payloads.push(payload);
    starts[i + 1] = starts[i] + frameHeaderLength(payload.length) + payload.length;
  }
  const frames = Buffer.allocUnsafeSlow(starts[count]);
  for (const [i, payload] of payloads.entries()) {
    writeFrameHeader(frames, starts[i], payload.length, true);
    frames.set(payload, starts[i + 1] - payload.length);
  }
  return { buffer: frames, count, frameStart: starts };
}
