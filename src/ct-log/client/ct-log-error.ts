import { CertstreamError } from '../../kernel/certstream-error.js';

/** The range of a failed request for entries, and the range of the next request. */
export interface FailedEntries {
  /** Index after the last requested entry. */
  readonly to: number;
  /**
   * `less`: the next request is for fewer entries, or for fewer of their issuers. `same`: it is for the same range, which may be
   * divided later. `least`: it is for the same range, which cannot be divided.
   */
  readonly next: 'less' | 'same' | 'least';
}

/** An error of a log or of the network. Every failed request may be retried. */
export class CtLogError extends CertstreamError {
  /** Set by a client that divides its requests, or waits for parts of the entries. */
  entries?: FailedEntries;
  /** Pause before the next try, milliseconds; undefined if the failure requires none. */
  readonly retryAfterMs?: number;
}

/** Statuses by which servers and CDNs refuse a rate: Too Many Requests, Enhance Your Calm, Bandwidth Limit Exceeded, overloaded. */
const LIMITS: ReadonlySet<number> = new Set([429, 420, 509, 529]);
/** Statuses that may refuse a rate: Service Unavailable is nginx's default for `limit_req`, Forbidden that of many firewalls. */
const SUSPECTS: ReadonlySet<number> = new Set([503, 403]);

/** Longest address of a redirect in a message. */
const MAX_LOCATION = 300;

interface StatusDetails {
  /** Whether the log refuses the rate of requests. The default follows from the status. */
  readonly isLimit?: boolean;
  /** Where the answer redirects to. */
  readonly location?: string | undefined;
}

/**
 * The answer has a status other than 200. The code is `CT_RATE_LIMITED` if the log refuses the rate of requests: for 429, 420, 509,
 * 529, for 403 and 503 with Retry-After, and for those without it if the requests show a limit. It is `CT_HTTP_STATUS` for all others.
 */
export class CtHttpStatusError extends CtLogError {
  constructor(
    readonly url: string,
    readonly status: number,
    /** The value of Retry-After, clamped; absent without the header. */
    override readonly retryAfterMs?: number,
    {
      isLimit = LIMITS.has(status) || (SUSPECTS.has(status) && retryAfterMs !== undefined),
      location,
    }: StatusDetails = {},
  ) {
    super(
      isLimit ? 'CT_RATE_LIMITED' : 'CT_HTTP_STATUS',
      `${url} answered with status ${status}${location === undefined ? '' : redirection(url, location)}`,
    );
  }
}

function redirection(url: string, location: string): string {
  const target = URL.canParse(location, url) ? new URL(location, url).href : location;
  const shown = target.length > MAX_LOCATION ? `${target.slice(0, MAX_LOCATION)}…` : target;
  return ` and redirects to ${shown}; redirects are not followed: if the resource has moved, set its new URL`;
}

/** Whether the log refused a request because of the request rate. */
export function isRateLimited(error: unknown): error is CtHttpStatusError {
  return error instanceof CtHttpStatusError && error.code === 'CT_RATE_LIMITED';
}

/** Whether the log served nothing because of the request rate or its load: 503 is Service Unavailable. */
export function isOverloaded(error: unknown): boolean {
  return isRateLimited(error) || (error instanceof CtHttpStatusError && error.status === 503);
}

/** Whether the request rate may be the reason, although the answer does not say so. */
export function mayBeRateLimited(error: unknown): error is CtHttpStatusError {
  return error instanceof CtHttpStatusError && error.code !== 'CT_RATE_LIMITED' && SUSPECTS.has(error.status);
}

/** Whether the log answered that the resource does not exist. Every other failure may be over at the next try. */
export function isAbsent(error: unknown): boolean {
  return error instanceof CtHttpStatusError && (error.status === 404 || error.status === 410);
}

/** `CT_TIMEOUT`: the answer did not begin in time, or its body arrived too slowly. */
export class CtTimeoutError extends CtLogError {
  /** Whether the request was not sent: it waited for name resolution, a connection or TLS. */
  readonly isUnsent: boolean;

  /** @param options.reason what the request waited for, if not for the log. */
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

/** `CT_TOO_LARGE`: the body, compressed or inflated, is larger than the limit. */
export class CtTooLargeError extends CtLogError {
  constructor(url: string, maxBytes: number, options?: { cause?: unknown }) {
    super('CT_TOO_LARGE', `the body of ${url} is larger than ${maxBytes} bytes`, options);
  }
}

/** `CT_NETWORK`: name resolution, connection, TLS or HTTP framing failed, or the body is shorter than declared. */
export class CtNetworkError extends CtLogError {
  constructor(url: string, cause: unknown) {
    super('CT_NETWORK', `${url}: ${cause instanceof Error ? describe(cause) : String(cause)}`, { cause });
  }
}

/** `CT_ABORTED`: the caller's signal ended the request. */
export class CtAbortedError extends CtLogError {
  constructor(url: string) {
    super('CT_ABORTED', `the request for ${url} was aborted`);
  }
}

/**
 * The answer violates the protocol: `CT_MALFORMED_PAGE`, `CT_MALFORMED_TILE`, `CT_MALFORMED_TREE_HEAD`,
 * `CT_MALFORMED_ENCODING`, `CT_MALFORMED_PROOF`.
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

/** `CT_TREE_HEAD_SIGNATURE`: the key of the log did not sign the tree head. */
export class CtTreeHeadSignatureError extends CtLogError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CT_TREE_HEAD_SIGNATURE', message, options);
  }
}

/** `CT_NO_ROOM`: the answer is much larger or much later than expected, and the memory for answers is full. */
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

/** `CT_OUT_OF_RANGE`: no tree head of the log covers the requested entries. */
export class CtOutOfRangeError extends CtLogError {
  constructor(start: number, end: number, treeSize: number) {
    super(
      'CT_OUT_OF_RANGE',
      `entries ${start} to ${end} are not within the known tree of ${treeSize} entries`,
    );
  }
}
