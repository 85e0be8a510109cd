import type { FrameEncoding } from '../encoding/frame-encoding.js';

/** Close code "going away" (RFC 6455, 7.4.1): known clients reconnect on it, on 1008 and 1011 some do not. */
export const GOING_AWAY = 1001;

/** Is called when a connection that was full has sent everything. */
export interface DrainListener {
  drained(): void;
}

/** The way to one client. It carries whole messages, each in one piece, and keeps none of its own accord. */
export interface Connection {
  /** The form of the octets that the client expects. */
  readonly encoding: FrameEncoding;
  /** False from the beginning of the end, whichever side begins it. What is written then is not read. */
  readonly isOpen: boolean;
  /** Whether the connection asks its writer to wait until it has drained. A write is still possible. */
  readonly isFull: boolean;
  /** Octets that were written and that the operating system has not taken. */
  readonly unsentBytes: number;

  /** @param octets whole messages in the form of {@link encoding}. */
  write(octets: Buffer): void;
  /** Calls the listener each time the connection has drained, until {@link stopAwaitingDrain}. There is one listener. */
  awaitDrain(listener: DrainListener): void;
  stopAwaitingDrain(): void;
  /** Ends the connection after what was written. @param code of RFC 6455, 7.4.1; not every transport can carry it. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}
