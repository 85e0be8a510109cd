import type { ByteWriter } from '../certificate/byte-writer.js';
import type { TextFramer } from '../certificate/rendered-texts.js';
import { frameHeaderLength, MAX_FRAME_HEADER, writeFrameHeader } from './frame-header.js';

/** Room left for a header: nearly every message has 126 to 65,535 bytes. Other sizes move the text. */
const RESERVED = 4;

/** Puts the header of a Text frame in front of each JSON text, in the buffer the text is written into. */
export const webSocketFramer: TextFramer = {
  open(out: ByteWriter): void {
    out.reserve(RESERVED);
    out.length += RESERVED;
  },

  close(out: ByteWriter, textStart: number): number {
    const payloadLength = out.length - textStart;
    const frameStart = textStart - RESERVED;
    const start = frameStart + frameHeaderLength(payloadLength);
    if (start !== textStart) {
      out.reserve(MAX_FRAME_HEADER - RESERVED);
      out.buffer.copyWithin(start, textStart, out.length);
      out.length = start + payloadLength;
    }
    writeFrameHeader(out.buffer, frameStart, payloadLength);
    return start;
  },
};
