import { sliceEntryBatch } from '../../../certificate/entry-batch-builder.js';
import { encodeEntryBatch } from '../../../certificate/entry-batch-codec.js';
import type { Frame } from './frame-queue.js';

/** Octets that the headers of a message take at most. */
const HEADER_ROOM = 1024;

/** A frame, or a part of it, as the body of a message. */
export interface EncodedFrame {
  readonly frame: Frame;
  readonly body: Buffer;
}

/**
 * Encodes a frame. A frame that is larger than a message may be is cut in halves.
 * @param maxPayload most octets of a message with its headers.
 * @param refuse returns what stands for a single entry that is too large.
 */
export function encodeFrame(
  frame: Frame,
  maxPayload: number,
  refuse: (frame: Frame, octets: number) => Frame,
): EncodedFrame[] {
  const body = encodeEntryBatch(frame.batch);
  if (body.length + HEADER_ROOM <= maxPayload || frame.batch.count === 0) return [{ frame, body }];
  if (frame.count === 1) {
    const instead = refuse(frame, body.length);
    return [{ frame: instead, body: encodeEntryBatch(instead.batch) }];
  }
  const middle = frame.count >>> 1;
  return [
    ...encodeFrame(partOf(frame, 0, middle), maxPayload, refuse),
    ...encodeFrame(partOf(frame, middle, frame.count), maxPayload, refuse),
  ];
}

function partOf(frame: Frame, from: number, to: number): Frame {
  const batch = sliceEntryBatch(frame.batch, from, to);
  return { ...frame, batch, first: batch.firstIndex, count: batch.count };
}
