import type { RenderedTexts } from '../../certificate/rendered-texts.js';

/** Complete messages one after the other in shared memory; message i is `frameStart[i]` to `frameStart[i + 1]`. */
export interface FrameBatch {
  readonly buffer: Buffer;
  readonly count: number;
  /** `count + 1` offsets into {@link buffer}. */
  readonly frameStart: Uint32Array;
}

/** A message of the server itself, such as a gap message. */
export interface ServerMessage {
  readonly message_type: string;
}

/** Turns messages into the octets that a connection carries. All clients with the same encoding get the same octets. */
export interface FrameEncoding {
  /** No other encoding has this name. */
  readonly name: string;
  /** The messages of one batch. Each call is for the batch that follows the one before. */
  encode(texts: RenderedTexts): FrameBatch;
  /** One message, which may stand between any two messages of batches. */
  encodeMessage(message: ServerMessage): Buffer;
}
