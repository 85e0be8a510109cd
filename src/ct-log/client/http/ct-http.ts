import type { HttpCounters } from '../../../http1/http1-client.js';
import type { Revalidation } from './revalidation.js';

export interface CtHttpRequest {
  readonly signal?: AbortSignal;
  /** Largest body, if the limit of the client is larger. */
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly counters?: HttpCounters;
  /**
   * Called with the size of each piece of the body that arrives, and with the bytes that decompression adds. If it returns false,
   * the request fails with a CtNoRoomError.
   */
  readonly onBytes?: (bytes: number) => boolean;
  /** Called when the request is sent or connects, after it waited for its turn. */
  readonly onSent?: () => void;
  /** Whether it requests a tree head, which goes before all other requests to the same operator. */
  readonly isHead?: boolean;
  /** Must be the same object for all requests of a URL. Answer 304 to a conditional request returns the buffer of the last answer 200. */
  readonly revalidation?: Revalidation;
  /** If false, the request uses a connection of its own, which is closed afterwards. */
  readonly reuseConnection?: boolean;
}

/** CtHttp sends GET requests for the clients of logs. */
export interface CtHttp {
  /**
   * Returns the decoded body of a 200 answer.
   * @throws CtHttpStatusError, CtTimeoutError, CtTooLargeError, CtNetworkError, CtAbortedError,
   * CtMalformedError (`CT_MALFORMED_ENCODING`)
   */
  get(url: string, request?: CtHttpRequest): Promise<Buffer>;

  /**
   * Calls `use` with the decoded body and returns its result. The memory of the body is then reused for other requests.
   * @throws the errors of {@link get} and of `use`.
   */
  read<T>(url: string, request: Omit<CtHttpRequest, 'revalidation'>, use: (body: Buffer) => T): Promise<T>;
}
