import {
  CtAbortedError,
  CtHttpStatusError,
  CtNetworkError,
  CtNoRoomError,
  CtTimeoutError,
  type FailedEntries,
  isRateLimited,
} from '../ct-log-error.js';
import { DialError } from '../../../http1/dialer.js';
import { ProxyError } from '../../../http1/http-errors.js';
import { NameResolutionError } from '../../../http1/name-resolver.js';
import { alignedEnd, powerBelow, SuspectRanges } from './suspect-ranges.js';

/** Ranges in a row that came only in smaller pieces, before the log is taken to refuse their size. */
const REFUSALS_TO_BELIEVE = 2;
/** Requests before a larger one is tried. Doubles with each that is refused. */
const FIRST_PATIENCE = 32;
const MOST_PATIENCE = 2048;
/** No log has larger pages. */
const MOST_ENTRIES = 16_384;
/** A 503 is mostly about the rate. So many in a row are taken to be about the size. */
const UNAVAILABLE_TO_DIVIDE = 3;

/**
 * How many entries a log may be asked for at once. A request that failed is divided, down to single entries, so that whatever
 * the log serves in any size comes. A size of which two ranges in a row came only in pieces is not asked for any more, but for
 * a rare try.
 */
export class RequestSizes {
  private readonly suspects = new SuspectRanges();
  /** A size that was refused once. */
  private suspicion: { readonly size: number; readonly count: number } | undefined;
  private most: number | undefined;
  /** The largest size that came since there is a limit. */
  private proven = 1;
  private patience = FIRST_PATIENCE;
  private sinceTry = 0;
  /** Most that anybody wanted to ask for. */
  private wanted = 0;

  /** Most entries per request; undefined as long as the log has refused no size. */
  get limit(): number | undefined {
    return this.most;
  }

  /** Where a request from `start` is to end, at most `end`. */
  cut(start: number, end: number): number {
    this.wanted = Math.max(this.wanted, end - start);
    return this.suspects.cut(start, Math.min(end, this.bySize(start)));
  }

  /** Of the entries [start, start + asked), `got` came. */
  succeeded(start: number, asked: number, got: number): void {
    if (this.suspicion !== undefined && asked >= this.suspicion.size) this.suspicion = undefined;
    this.sinceTry++;
    if (this.most !== undefined && asked > this.proven) this.grow(asked);
    for (const range of this.suspects.came(start, start + got)) {
      if (range.isRefused && range.size !== undefined && range.asked > asked) this.refused(range.asked);
    }
  }

  /** The request for `asked` entries from `start` on failed. @returns what the next one asks for. */
  failed(start: number, asked: number, error: unknown): FailedEntries['next'] {
    if (!concernsSize(error)) return 'same';
    const range = this.suspects.failed(start, start + asked);
    if (error instanceof CtNoRoomError) range.isRefused = false;
    if (asked === 1) {
      range.size = 1;
      return 'least';
    }
    const isBusy = error instanceof CtHttpStatusError && error.status === 503;
    if (isBusy && range.failures < UNAVAILABLE_TO_DIVIDE) return 'same';
    range.size = powerBelow(asked);
    return 'less';
  }

  /**
   * A failed request that asked for more than the log is known to serve.
   * @returns the end of one that asks for no more than that; undefined: it was not such a try.
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

  private refused(size: number): void {
    const smallest = Math.min(size, this.suspicion?.size ?? Infinity);
    this.suspicion = { size: smallest, count: (this.suspicion?.count ?? 0) + 1 };
    if (this.suspicion.count < REFUSALS_TO_BELIEVE) return;
    this.suspicion = undefined;
    this.most = this.proven = powerBelow(smallest);
    this.patience = FIRST_PATIENCE;
    this.sinceTry = 0;
  }

  /** A larger request was answered: the next one asks for twice as much, or there is no limit any more. */
  private grow(asked: number): void {
    this.proven = 2 ** Math.floor(Math.log2(asked));
    this.most = 2 * this.proven > Math.min(MOST_ENTRIES, this.wanted) ? undefined : 2 * this.proven;
    this.patience = FIRST_PATIENCE;
  }
}

/** Whether a smaller request may fare better: not when the rate is refused, or the log was not even reached. */
function concernsSize(error: unknown): boolean {
  if (error instanceof CtAbortedError || isRateLimited(error)) return false;
  if (error instanceof CtTimeoutError && error.isUnsent) return false;
  return !(error instanceof CtNetworkError && isUnreached(error.cause));
}

/** Name resolution, connecting, the proxy and TLS come before the request. */
function isUnreached(cause: unknown): boolean {
  if ([DialError, NameResolutionError, ProxyError].some((kind) => cause instanceof kind)) return true;
  const { code = '', syscall = '' } = (cause ?? {}) as { code?: string; syscall?: string };
  const isTls = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(
    code,
  );
  return isTls || /^(connect|getaddrinfo|queryA)/.test(syscall);
}
