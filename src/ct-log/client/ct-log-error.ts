import { CertstreamError } from '../../kernel/certstream-error.js';

/** What a request for entries asked for when it failed, and what the next one asks for. */
export interface FailedEntries {
  /** Index behind the last entry that was asked for. */
  readonly to: number;
  /**
   * `less`: fewer entries, or fewer of what belongs to them. `same`: the same, which may be divided later. `least`: the same,
   * which cannot be divided.
   */
  readonly next: 'less' | 'same' | 'least';
}

/** Anything a log, or the way to it, did wrong. Every one of them may be retried. */
export class CtLogError extends CertstreamError {
  /** Set by a client that divides its requests, or waits for parts of the entries. */
  entries?: FailedEntries;
  /** Milliseconds before the next try; undefined when the failure asks for none. */
  readonly retryAfterMs?: number;
}

/**
 * The answer came, with a status other than 200. `CT_RATE_LIMITED` for 429 and for 503 with Retry-After,
 * else `CT_HTTP_STATUS`.
 */
export class CtHttpStatusError extends CtLogError {
  constructor(
    readonly url: string,
    readonly status: number,
    /** What Retry-After asked for, clamped; absent when the header is. */
    override readonly retryAfterMs?: number,
  ) {
    const rateLimited = status === 429 || (status === 503 && retryAfterMs !== undefined);
    super(rateLimited ? 'CT_RATE_LIMITED' : 'CT_HTTP_STATUS', `${url} answered with status ${status}`);
  }
}

/** Whether the log said that it is asked too often. */
export function isRateLimited(error: unknown): error is CtHttpStatusError {
  return error instanceof CtHttpStatusError && error.code === 'CT_RATE_LIMITED';
}

/** Whether the log said that there is no such thing: every other failure may be over at the next try. */
export function isAbsent(error: unknown): boolean {
  return error instanceof CtHttpStatusError && (error.status === 404 || error.status === 410);
}

/** `CT_TIMEOUT`: the answer did not begin in time, or its body came too slowly. */
export class CtTimeoutError extends CtLogError {
  /** Whether the request was not even sent: it waited for a name, a connection or TLS. */
  readonly isUnsent: boolean;

  /** @param options.reason what it waited for, if that was not the log. */
  constructor(
    url: string,
    { reason, cause, isUnsent = false }: { reason?: string; cause?: unknown; isUnsent?: boolean } = {},
  ) {
    super('CT_TIMEOUT', `${url} did not answer in time${reason === undefined ? '' : `: ${reason}`}`, {
      cause,
    });
    this.isUnsent = isUnsent;
  }
}

/** `CT_TOO_LARGE`: the body, as sent or inflated, is over the cap. */
export class CtTooLargeError extends CtLogError {
  constructor(url: string, maxBytes: number, options?: { cause?: unknown }) {
    super('CT_TOO_LARGE', `the body of ${url} is larger than ${maxBytes} bytes`, options);
  }
}

/** `CT_NETWORK`: name resolution, connection, TLS or HTTP framing failed, a body shorter than declared included. */
export class CtNetworkError extends CtLogError {
  constructor(url: string, cause: unknown) {
    super('CT_NETWORK', `${url}: ${cause instanceof Error ? describe(cause) : String(cause)}`, { cause });
  }
}

/** `CT_ABORTED`: the caller's signal ended the request. */
export class CtAbortedError extends CtLogError {
  constructor(url: string) {
    super('CT_ABORTED', `the request for ${url} was given up`);
  }
}

/**
 * The answer is not what the protocol says: `CT_MALFORMED_PAGE`, `CT_MALFORMED_TILE`,
 * `CT_MALFORMED_TREE_HEAD`, `CT_MALFORMED_ENCODING`, `CT_MALFORMED_PROOF`.
 */
export class CtMalformedError extends CtLogError {
  constructor(
    what: 'PAGE' | 'TILE' | 'TREE_HEAD' | 'ENCODING' | 'PROOF',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`CT_MALFORMED_${what}`, message, options);
  }
}

/** `CT_LEAF_INDEX`: the leaf_index extension of a tile leaf differs from its position. */
export class CtLeafIndexError extends CtLogError {
  constructor(position: number, leafIndex: number) {
    super('CT_LEAF_INDEX', `the leaf at index ${position} says that its index is ${leafIndex}`);
  }
}

/** `CT_TREE_HEAD_SIGNATURE`: a tree head that the log's key did not sign. */
export class CtTreeHeadSignatureError extends CtLogError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CT_TREE_HEAD_SIGNATURE', message, options);
  }
}

/** `CT_NO_ROOM`: an answer that is much larger, or comes much later, than expected, while other logs fill the memory. */
export class CtNoRoomError extends CtLogError {
  constructor(what: string) {
    super('CT_NO_ROOM', `there was no room for the answer: ${what}`);
  }
}

function describe(error: Error): string {
  if (error.message !== '') return error.message;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.name;
}

/** `CT_OUT_OF_RANGE`: entries were asked for that no tree head of this log covers. */
export class CtOutOfRangeError extends CtLogError {
  constructor(start: number, end: number, treeSize: number) {
    super(
      'CT_OUT_OF_RANGE',
      `entries ${start} to ${end} are not within the known tree of ${treeSize} entries`,
    );
  }
}
