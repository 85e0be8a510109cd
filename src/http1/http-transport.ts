import type { Dialer } from './dialer.js';

/** A GET request as it goes out. */
export interface OutgoingRequest {
  /** `http:` or `https:`. */
  readonly url: URL;
  /** Names in lower case; neither names nor values hold line ends. */
  readonly headers: Readonly<Record<string, string>>;
  /** False: over a connection of its own, closed afterwards. */
  readonly reuseConnection: boolean;
}

/** Header fields of a response that somebody here reads; of repeated ones the first. */
export const READ_FIELDS = [
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'keep-alive',
  'etag',
  'last-modified',
  'retry-after',
] as const;
export type ResponseFields = { [Name in (typeof READ_FIELDS)[number]]?: string };

/** Told of one response: {@link onHead}, {@link onData} any number of times, {@link onEnd}; or {@link onError} instead of what is left. */
export interface ResponseReceiver {
  /** Of the final response: 1xx are not told. */
  onHead(status: number, fields: ResponseFields): void;
  /** @param chunk body bytes without transfer coding; the memory is used again after the call. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** @param error of the socket, an {@link HttpTimeoutError} or an {@link HttpFormatError}. */
  onError(error: Error): void;
}

/**
 * Gives a request up: its receiver is told nothing more.
 * @returns why it was not sent yet, for people.
 */
export type GiveUp = () => string | undefined;

/** Sends requests, a few at a time for each origin, the others in turn. */
export interface HttpTransport {
  send(request: OutgoingRequest, receiver: ResponseReceiver): GiveUp;
  /** Gives all requests up and closes all connections. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly dialer: Dialer;
  /**
   * For connecting, TLS and the proxy's answer to CONNECT, each, where requests that are given up do not end the
   * connection that is made for them: it counts until it fails.
   */
  readonly connectMs: number;
  readonly connectionsPerOrigin: number;
  readonly keepAliveMs: number;
  /** Longest silence within a response. How long its beginning may take is the caller's business. */
  readonly bodySilenceMs: number;
}

/** The peer said nothing for too long. */
export class HttpTimeoutError extends Error {
  override readonly name = 'HttpTimeoutError';
}

/** What came is not HTTP/1.1 (RFC 9112). */
export class HttpFormatError extends Error {
  override readonly name = 'HttpFormatError';
}
