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

/**
 * A compression context that clients share: a message may refer to the texts before it. So a client must have received
 * the texts in the window, from this context or in messages that were compressed alone.
 */
export interface CompressionContext {
  /** Octets of text since the beginning, or a few more. */
  readonly textBytes: number;
  /**
   * Compresses the messages of plain frames. Batches are passed in the order in which they are sent.
   * @throws Error when that fails. The context is useless after that.
   */
  compress(plain: FrameBatch): FrameBatch;
  /** Frees the memory. */
  close(): void;
}

/** How clients with the same encoding share a compression context. */
export interface ContextSharing {
  createContext(): CompressionContext;
  /** Compresses each message by itself, also where that makes it larger. */
  compressEach(plain: FrameBatch): FrameBatch;
  /** Octets of text to which a message may refer. */
  readonly windowBytes: number;
  /** The most octets of a plain frame that are not text. */
  readonly maxHeader: number;
  /** The encoding for clients that receive only some of the messages, so they cannot share a context. */
  readonly alone: FrameEncoding;
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
  /** Set when the clients share a compression context. Then {@link encode} returns plain frames. */
  readonly sharing?: ContextSharing;
}
