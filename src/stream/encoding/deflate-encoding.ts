import { constants, deflateRawSync } from 'node:zlib';
import type { RenderedTexts } from '../../certificate/rendered-texts.js';
import { deflateFrames, type DeflateStep } from './deflated-frames.js';
import type { FrameBatch, FrameEncoding } from './frame-encoding.js';
import { RawDeflate } from './raw-deflate.js';
import { textFrame } from './websocket-encoding.js';

const LEVEL = 3;

/** The frames of texts that were compressed before. Dialects that share texts share the frames as well. */
const smallest = new WeakMap<FrameBatch, FrameBatch>();
const deflated = new WeakMap<FrameBatch, FrameBatch>();

/**
 * Sends messages as permessage-deflate frames, or as plain frames where these are not larger. Each message is
 * compressed by itself, so every client with a 32 KiB window can receive the same octets between any other messages.
 */
export const deflateEncoding: FrameEncoding = {
  name: 'websocket-deflate',

  encode(texts: RenderedTexts): FrameBatch {
    const known = smallest.get(texts) ?? deflateFrames(texts, deflateAlone, true);
    smallest.set(texts, known);
    return known;
  },

  encodeMessage: textFrame,
};

/** Returns the messages of plain frames, each compressed by itself, also where that makes it larger. */
export function deflateEach(plain: FrameBatch): FrameBatch {
  const known = deflated.get(plain) ?? deflateFrames(plain, deflateAlone, false);
  deflated.set(plain, known);
  return known;
}

let stream: RawDeflate | undefined;

/** Compresses octets by themselves: the result refers to nothing before it. */
export const deflateAlone: DeflateStep = (source, start, end, target, offset) => {
  if (!RawDeflate.isAvailable) {
    const options = { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH };
    const octets = deflateRawSync(source.subarray(start, end), options);
    target.set(octets, offset);
    return octets.length;
  }
  stream ??= new RawDeflate(LEVEL);
  try {
    stream.reset();
    return stream.write(source, start, end, target, offset);
  } catch (error) {
    stream = undefined;
    throw error;
  }
};
