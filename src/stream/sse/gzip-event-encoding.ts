import { ByteWriter } from '../../certificate/byte-writer.js';
import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { RenderedTexts } from '../../certificate/rendered-texts.js';
import { deflateAlone } from '../encoding/deflate-encoding.js';
import type { FrameBatch, ServerMessage } from '../encoding/frame-encoding.js';
import { RawDeflate } from '../encoding/raw-deflate.js';
import type { EventEncoding, EventStreamEncoding } from './event-stream-encoding.js';

/** Header of a gzip member without a time and a name (RFC 1952, 2.3.1); the system is unknown. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** Largest length of a stored block (RFC 1951, 3.2.4). */
const MAX_STORED = 0xffff;
const STORED_HEADER = 5;
/** First size of the output in relation to the events. The output grows where that is not enough. */
const EXPECTED_RATIO = 0.5;

const out = new ByteWriter();

/**
 * Writes the events of an {@link EventStreamEncoding} as deflate blocks of one gzip member (RFC 1952). The blocks of an event end at an
 * octet and refer to nothing before it, so all clients get the same octets, and a client can miss any of them. The member has no
 * trailer: a stream ends with its connection, after whole events.
 */
export class GzipEventEncoding implements EventEncoding {
  readonly name = 'event-stream-gzip';
  readonly contentEncoding = 'gzip';
  readonly start = HEADER;

  constructor(private readonly plain: EventStreamEncoding) {}

  encode(texts: RenderedTexts, place?: BatchPlace): FrameBatch {
    const { buffer, count, frameStart } = this.plain.encode(texts, place);
    const starts = new Uint32Array(count + 1);
    out.restart(frameStart[count] * EXPECTED_RATIO);
    for (let i = 0; i < count; i++) {
      out.reserve(RawDeflate.bound(frameStart[i + 1] - frameStart[i]));
      out.length += deflateAlone(buffer, frameStart[i], frameStart[i + 1], out.buffer, out.length);
      starts[i + 1] = out.length;
    }
    return { buffer: out.take(), count, frameStart: starts };
  }

  encodeMessage(message: ServerMessage): Buffer {
    return stored(this.plain.encodeMessage(message));
  }

  encodeText(text: string): Buffer {
    return stored(this.plain.encodeText(text));
  }
}

/** Returns octets as stored blocks, which no client needs a window for. */
function stored(octets: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < octets.length; at += MAX_STORED) {
    const part = octets.subarray(at, at + MAX_STORED);
    const header = Buffer.alloc(STORED_HEADER);
    header.writeUInt16LE(part.length, 1);
    header.writeUInt16LE(part.length ^ 0xffff, 3);
    blocks.push(header, part);
  }
  return Buffer.concat(blocks);
}
