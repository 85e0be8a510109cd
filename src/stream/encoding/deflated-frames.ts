import { ByteWriter } from '../../certificate/byte-writer.js';
import type { FrameBatch } from './frame-encoding.js';
import { FLUSH_TAIL, RawDeflate } from './raw-deflate.js';
import { frameHeaderLength, MAX_FRAME_HEADER, payloadStart, writeFrameHeader } from './websocket-encoding.js';

/** Compresses `source[start, end)` into `target` and returns the number of octets, as {@link RawDeflate.write} does. */
export type DeflateStep = RawDeflate['write'];

/** Octets reserved for a header: most compressed messages have 126 to 65,535 octets. */
const RESERVED = 4;
/** First size of the output in relation to the plain frames. The output grows where that is not enough. */
const EXPECTED_RATIO = 0.25;

const out = new ByteWriter();

/**
 * Returns plain frames as frames of permessage-deflate messages (RFC 7692, 7.2.1).
 * @param mayStayPlain whether a message that compression does not make smaller keeps its plain frame.
 */
export function deflateFrames(plain: FrameBatch, deflate: DeflateStep, mayStayPlain: boolean): FrameBatch {
  const { buffer, count, frameStart } = plain;
  const starts = new Uint32Array(count + 1);
  out.restart((frameStart[count] - frameStart[0]) * EXPECTED_RATIO);
  for (let i = 0; i < count; i++) {
    writeFrame(buffer, frameStart[i], frameStart[i + 1], deflate);
    const size = out.length - starts[i];
    if (mayStayPlain && size >= frameStart[i + 1] - frameStart[i]) {
      out.length = starts[i];
      out.bytes(buffer.subarray(frameStart[i], frameStart[i + 1]));
    }
    starts[i + 1] = out.length;
  }
  return { buffer: out.take(), count, frameStart: starts };
}

function writeFrame(source: Buffer, frameStart: number, end: number, deflate: DeflateStep): void {
  const start = payloadStart(source, frameStart);
  out.reserve(MAX_FRAME_HEADER + RawDeflate.bound(end - start));
  const at = out.length + RESERVED;
  const length = deflate(source, start, end, out.buffer, at) - FLUSH_TAIL;
  const header = frameHeaderLength(length);
  if (header !== RESERVED) out.buffer.copyWithin(out.length + header, at, at + length);
  writeFrameHeader(out.buffer, out.length, length, true);
  out.length += header + length;
}
