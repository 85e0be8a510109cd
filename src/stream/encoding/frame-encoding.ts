import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { RenderedTexts } from '../../certificate/rendered-texts.js';

/** Consecutive complete messages in shared memory. Message i occupies `frameStart[i]` to `frameStart[i + 1]`. */
export interface FrameBatch {
  readonly buffer: Buffer;
  readonly count: number;
  /** `count + 1` offsets into {@link buffer}. */
  readonly frameStart: Uint32Array;
}

/** A message about the stream, such as a gap message. */
export interface ServerMessage {
  readonly message_type: string;
}

/** Turns messages into the octets that a connection carries. All clients with the same encoding get the same octets. */
export interface FrameEncoding {
  /** Unique name of this encoding. */
  readonly name: string;
  /**
   * Encodes the messages of one batch. @param place of the first message, for an encoding that prints cursors.
   */
  encode(texts: RenderedTexts, place?: BatchPlace): FrameBatch;
  /** Encodes one message, which may be sent between any two messages of batches. */
  encodeMessage(message: ServerMessage): Buffer;
}
