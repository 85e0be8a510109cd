/** A GET request for the transport. */
export interface OutgoingRequest {
  /** `http:` or `https:`. */
  readonly url: URL;
  /** Header fields, with names in lower case. Neither names nor values may contain line ends. */
  readonly headers: Readonly<Record<string, string>>;
  /** False: the request gets its own connection, which is closed afterwards. */
  readonly reuseConnection: boolean;
}

/** Header fields of a response that callers can read. Of a repeated field they get the first value. */
export const READ_FIELDS = [
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'date',
  'keep-alive',
  'etag',
  'last-modified',
  'retry-after',
  'location',
] as const;
export type ResponseFields = { [Name in (typeof READ_FIELDS)[number]]?: string };

/**
 * Receives one response: one call of {@link onHead}, any number of {@link onData}, one {@link onEnd}. A call of
 * {@link onError} replaces the remaining calls.
 */
export interface ResponseReceiver {
  /** Receives the head of the final response; 1xx responses are skipped. */
  onHead(status: number, fields: ResponseFields): void;
  /** @param chunk octets of the body without transfer coding. The memory is reused after the call. */
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** @param error the error of the socket, or one of the errors in http-errors.ts. */
  onError(error: Error): void;
}

/**
 * Gives up a request: its receiver gets no further call.
 * @returns a text that says why the request has not been sent yet; undefined if it has been sent.
 */
export type GiveUp = () => string | undefined;
