import { constants, deflateRawSync } from 'node:zlib';
import type { FrameBatch } from './frame-batch.js';
import { frameHeaderLength, writeFrameHeader } from '../feed/frame-header.js';

/** The empty block a sync flush ends with; a permessage-deflate message leaves it out (RFC 7692, 7.2.1). */
const FLUSH_TAIL = 4;
const DEFLATE = { level: 3, finishFlush: constants.Z_SYNC_FLUSH };

/** Frames whose texts can be told from their headers, as `CertificateBatch.texts` returns them. */
export interface TextFrames extends FrameBatch {
  /** `count` offsets; text i ends where frame i ends. */
  readonly textStart: Uint32Array;
}

/**
 * The same messages as permessage-deflate frames. Each is compressed by itself, so every client that
 * negotiated `server_no_context_takeover` with a 32 KiB window can be sent the same bytes.
 */
export function compressFrames({ buffer, count, frameStart, textStart }: TextFrames): FrameBatch {
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
