import type { OutputMessage } from '../messages/output-message.js';

/** A message that the other side will never take, and why. */
export interface RefusedMessage {
  readonly message: OutputMessage;
  /** A part of a sentence, such as "it has 2000000 octets, and the topic accepts 1048588". */
  readonly reason: string;
}

/** Thrown by {@link OutputEngine.send} after the other side has acknowledged all messages but these. */
export class MessagesRefusedError extends Error {
  constructor(readonly refused: readonly RefusedMessage[]) {
    super(`${refused.length} messages are refused: ${refused[0].reason}`);
  }
}

/** A connection to another system. After a failure it is closed, and {@link EngineSource.open} makes another one. */
export interface OutputEngine {
  /**
   * Sends messages in order, split as the other side needs them. Calls never overlap. Resolves when the other side has
   * acknowledged all of them.
   * @param signal is aborted when the server stops or the time limit of the delivery is over.
   * @throws MessagesRefusedError for messages that would be refused each time; any other error makes the server repeat all messages.
   */
  send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void>;
  /** Closes the connection, also after a failure. Never rejects. */
  close(): Promise<void>;
}

/** Makes the connections of one output. Its settings, files and packages were read when it was made. */
export interface EngineSource {
  /**
   * Takes what only one server may use, such as a folder. Called once when the server starts, before the first {@link open}.
   * @throws OutputError, which ends the start.
   */
  start?(): Promise<void>;
  /** Does not wait for the other side, or at most until `signal` is aborted. */
  open(signal: AbortSignal): Promise<OutputEngine>;
  /** Bounds on the records of one delivery; default 4 MiB of entries and 64 records. */
  readonly limit?: { readonly bytes: number; readonly records: number };
  /** Time for which records wait for others of the same delivery, milliseconds; default 20. */
  readonly lingerMs?: number;
  /** Gives back what {@link start} or {@link open} took. Called once, after the last connection was closed. */
  close?(): Promise<void>;
}
