import type { Transport } from '../../web/admission.js';
import type { FrameEncoding } from '../encoding/frame-encoding.js';

/** Close code "going away" (RFC 6455, 7.4.1). Known clients reconnect after it; after 1008 and 1011 some do not. */
export const GOING_AWAY = 1001;

/** Close code "normal closure" (RFC 6455, 7.4.1). */
export const NORMAL = 1000;

/** Close code "try again later" (IANA registry of RFC 6455, 11.7). */
export const TRY_AGAIN_LATER = 1013;

/** Receives a call each time a connection that was full has sent everything. */
export interface DrainListener {
  drained(): void;
}

/**
 * A connection to one client. It carries whole messages and writes each call's octets in one piece. It has no queue
 * of its own beyond the transport's buffer.
 */
export interface Connection {
  readonly transport: Transport;
  /** The encoding that the client expects. */
  readonly encoding: FrameEncoding;
  /**
   * False as soon as either side begins to close the connection. The client does not read octets that are written
   * after that.
   */
  readonly isOpen: boolean;
  /** Whether the writer should wait until the connection has drained. A write is still possible. */
  readonly isFull: boolean;
  /** Octets that were written and that the operating system has not accepted yet. */
  readonly unsentBytes: number;

  /** Writes octets in one piece. @param octets whole messages in the {@link encoding} of this connection. */
  write(octets: Buffer): void;
  /**
   * Calls the listener each time the connection has drained, until {@link stopAwaitingDrain}. A connection has at
   * most one listener.
   */
  awaitDrain(listener: DrainListener): void;
  stopAwaitingDrain(): void;
  /**
   * Closes the connection after everything that was written. @param code as in RFC 6455, 7.4.1; a transport without
   * close codes ignores it.
   */
  close(code: number, reason: string): void;
  /** Cuts the connection at once. */
  terminate(): void;
}
