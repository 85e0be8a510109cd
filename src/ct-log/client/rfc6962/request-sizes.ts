import {
  CtAbortedError,
  CtNetworkError,
  CtNoRoomError,
  CtTimeoutError,
  type FailedEntries,
  isOverloaded,
  isRateLimited,
} from '../ct-log-error.js';
import { DialError } from '../../../http1/dialer.js';
import { ProxyError } from '../../../http1/http-errors.js';
import { NameResolutionError } from '../../../http1/name-resolver.js';
import { alignedEnd, powerBelow, SuspectRanges } from './suspect-ranges.js';

/** After so many ranges in a row that were served only in pieces, their size counts as refused. */
const REFUSALS_TO_BELIEVE = 2;
/** Requests before a larger one is tried. The number doubles with each refused try. */
const FIRST_PATIENCE = 32;
const MOST_PATIENCE = 2048;
/** Largest limit; no log has larger pages. */
const MOST_ENTRIES = 16_384;
/**
 * After so many answers that refuse the rate, or with status 503, for the same range, the range is divided. Fewer are mostly caused by
 * the rate of requests. CTFE answers 429 when the entries are too large for a message of its backend.
 */
const REFUSALS_TO_DIVIDE = 3;
/** The same for a piece of a divided range, and for a size that was served in pieces before. */
const FURTHER_REFUSALS_TO_DIVIDE = 2;
/** Such a range is divided into many pieces, because each further refusal lengthens the pauses of the operator. */
const PIECES_OF_BUSY_RANGE = 4;

/**
 * RequestSizes determines how many entries to request at once. A failed request is divided, down to single entries, so that every
 * entry is fetched that the log serves in some size. After a range was served only in pieces, the next requests have its size, and each
 * one that is served doubles the size. If two ranges in a row were served only in pieces, their size is not requested any
 * more, except for rare tries.
 */
export class RequestSizes {
  private readonly suspects = new SuspectRanges();
  /** The size of the next requests, because ranges were served only in pieces, and the number of these ranges. It is not believed yet. */
  private suspicion: { readonly size: number; readonly count: number } | undefined;
  /** The smallest size that was refused like a rate and then served in pieces, until that size is served. */
  private busySize = Infinity;
  private most: number | undefined;
  /** The largest size that was served since there is a limit. */
  private proven = 1;
  private patience = FIRST_PATIENCE;
  private sinceTry = 0;
  /** The largest size that callers wanted. */
  private wanted = 0;

  /** Maximum number of entries per request; undefined while the log refuses no size. */
  get limit(): number | undefined {
    return this.most;
  }

  /** Returns the end of a request from `start`, at most `end`. */
  cut(start: number, end: number): number {
    this.wanted = Math.max(this.wanted, end - start);
    return this.suspects.cut(start, Math.min(end, this.bySize(start)));
  }

  /** Reports that `got` of the entries [start, start + asked) arrived. */
  succeeded(start: number, asked: number, got: number): void {
    if (this.suspicion !== undefined && asked >= this.suspicion.size) this.trust(this.suspicion.size);
    if (asked >= this.busySize) this.busySize = Infinity;
    this.sinceTry++;
    if (this.most !== undefined && asked > this.proven) this.grow(asked);
    for (const range of this.suspects.arrived(start, start + got)) {
      if (!range.isRefused || range.size === undefined || range.asked <= asked) continue;
      if (range.isBusy) this.busySize = Math.min(this.busySize, range.asked);
      this.refused(range.asked);
    }
  }

  /** Reports that the request for `asked` entries from `start` on failed. @returns the kind of the next request. */
  failed(start: number, asked: number, error: unknown): FailedEntries['next'] {
    if (!concernsSize(error)) return 'same';
    // A single entry cannot be the reason of a refused rate.
    if (asked === 1 && isRateLimited(error)) return 'same';
    const range = this.suspects.failed(start, start + asked);
    if (error instanceof CtNoRoomError) range.isRefused = false;
    if (asked === 1) {
      range.size = 1;
      return 'least';
    }
    range.isBusy = isOverloaded(error);
    const isLikely = range.isPiece || asked >= this.busySize;
    const isBySize = range.failures >= (isLikely ? FURTHER_REFUSALS_TO_DIVIDE : REFUSALS_TO_DIVIDE);
    if (range.isBusy && !isBySize) return 'same';
    range.size = powerBelow(asked);
    if (range.isBusy && this.busySize === Infinity)
      range.size = Math.max(1, range.size / PIECES_OF_BUSY_RANGE);
    return 'less';
  }

  /**
   * Ends a failed try of a size larger than any that the log has served.
   * @returns the end of a request of a proven size; undefined if the request was not such a try.
   */
  withoutTry(start: number, asked: number, error: unknown): number | undefined {
    if (this.most === undefined || asked <= this.proven || !concernsSize(error)) return undefined;
    this.most = this.proven;
    this.patience = Math.min(MOST_PATIENCE, this.patience * 2);
    this.sinceTry = 0;
    return this.suspects.cut(start, alignedEnd(start, this.most));
  }

  private bySize(start: number): number {
    if (this.most === undefined) return this.suspicion === undefined ? Infinity : start + this.suspicion.size;
    return this.sinceTry < this.patience ? alignedEnd(start, this.most) : start + 2 * this.most;
  }

  /** Doubles the suspected size after a request of this size was served, up to the size that callers want. */
  private trust(size: number): void {
    const next = 2 * size;
    this.suspicion = next > Math.min(MOST_ENTRIES, this.wanted) ? undefined : { size: next, count: 0 };
  }

  private refused(size: number): void {
    const smallest = Math.min(size, this.suspicion?.size ?? Infinity);
    this.suspicion = { size: smallest, count: (this.suspicion?.count ?? 0) + 1 };
    if (this.suspicion.count < REFUSALS_TO_BELIEVE) return;
    this.suspicion = undefined;
    this.most = this.proven = powerBelow(smallest);
    this.patience = FIRST_PATIENCE;
    this.sinceTry = 0;
  }

  /** Doubles the limit after a served larger request, or removes it. */
  private grow(asked: number): void {
    this.proven = 2 ** Math.floor(Math.log2(asked));
    this.most = 2 * this.proven > Math.min(MOST_ENTRIES, this.wanted) ? undefined : 2 * this.proven;
    this.patience = FIRST_PATIENCE;
  }
}

/** Whether a smaller request may succeed: not if the log was not reached. */
function concernsSize(error: unknown): boolean {
  if (error instanceof CtAbortedError) return false;
  if (error instanceof CtTimeoutError && error.isUnsent) return false;
  return !(error instanceof CtNetworkError && isUnreached(error.cause));
}

/** Whether name resolution, connection, proxy or TLS failed, before the request was sent. */
function isUnreached(cause: unknown): boolean {
  if ([DialError, NameResolutionError, ProxyError].some((kind) => cause instanceof kind)) return true;
  const { code = '', syscall = '' } = (cause ?? {}) as { code?: string; syscall?: string };
  const isTls = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(
    code,
  );
  return isTls || /^(connect|getaddrinfo|queryA)/.test(syscall);
}
