import type { HttpCounters } from '../../../http1/http1-client.js';

/** What an answer said of itself, to be asked for again only if it has changed (RFC 9110, 13.1). */
export class Revalidation {
  body: Buffer | undefined;
  etag: string | undefined;
  lastModified: string | undefined;
}

export interface CtHttpRequest {
  readonly signal?: AbortSignal;
  /** Lower than the client's, for things that are small. */
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly counters?: HttpCounters;
  /** Called with the octets of each piece of the body that comes, and with those that decompression adds. When it returns false, the request fails with a CtNoRoomError. */
  readonly onBytes?: (bytes: number) => boolean;
  /** A tree head: goes before everything else of the same operator. */
  readonly isHead?: boolean;
  /** Kept from one request for the same URL to the next: 304 yields the very buffer of the last 200. */
  readonly revalidation?: Revalidation;
  /** False: over a connection of its own, closed afterwards. */
  readonly reuseConnection?: boolean;
}

/** GET, as the clients of the logs want it. */
export interface CtHttp {
  /**
   * The decoded body of a 200 answer.
   * @throws CtHttpStatusError, CtTimeoutError, CtTooLargeError, CtNetworkError, CtAbortedError,
   * CtMalformedError (`CT_MALFORMED_ENCODING`)
   */
  get(url: string, request?: CtHttpRequest): Promise<Buffer>;

  /**
   * What `use` makes of that body, whose memory serves the next request afterwards.
   * @throws what {@link get} and `use` throw.
   */
  read<T>(url: string, request: Omit<CtHttpRequest, 'revalidation'>, use: (body: Buffer) => T): Promise<T>;
}
