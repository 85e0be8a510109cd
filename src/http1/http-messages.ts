/** A GET request as it goes out. */
export interface OutgoingRequest {
  /** `http:` or `https:`. */
  readonly url: URL;
  /** Names in lower case; neither names nor values hold line ends. */
  readonly headers: Readonly<Record<string, string>>;
  /** False: over a connection of its own, closed afterwards. */
  readonly reuseConnection: boolean;
}

/** Header fields of a response that callers can read; of repeated ones the first. */
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

/**
 * Receives one response: one {@link onHead}, any number of {@link onData}, one {@link onEnd}; or {@link onError} in place of
 * the calls that are left.
 */
export interface ResponseReceiver {
  /** Of the final response: 1xx responses are skipped. */
  onHead(status: number, fields: ResponseFields): void;
  /** @param chunk body bytes without transfer coding; the memory is used again after the call. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** @param error of the socket, or one of those in http-errors.ts. */
  onError(error: Error): void;
}

/**
 * Gives a request up: its receiver gets no further call.
 * @returns the reason why the request has not been sent yet, for people; undefined when it has.
 */
export type GiveUp = () => string | undefined;
