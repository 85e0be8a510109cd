const FIRST_MS = 500;
const LAST_MS = 30_000;

/**
 * Returns the time to wait before the next attempt: doubled with each failure, and shortened by up to a half at random, so that the
 * pages of many people do not return at the same moment.
 * @param failures attempts that failed since the last connection, from 1.
 * @param random from 0 to 1.
 * @param retryAfterMs the wait that the server asked for.
 */
export function reconnectDelayMs(failures: number, random: number, retryAfterMs = 0): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.max(retryAfterMs, Math.round(full * (1 - random / 2)));
}

/** The server's answer to the request of a stream over plain HTTP, which says why a WebSocket was refused. */
export interface ProbeAnswer {
  readonly status: number;
  readonly code?: string;
  readonly error?: string;
  /** With `STREAM_SINCE`: the cursor of the oldest entry that the server has. */
  readonly oldest?: string;
  readonly retryAfterMs?: number;
}

/** What follows a refused connection. */
export type AfterRefusal =
  /** Try again later. */
  | { readonly kind: 'wait'; readonly reason: string; readonly retryAfterMs?: number }
  /** The cursor is of no use: continue at `since`, or with the live stream. Entries in between may be missing. */
  | { readonly kind: 'continue'; readonly since: string | undefined }
  /** The server does not accept the filter any more. */
  | { readonly kind: 'without-filter'; readonly reason: string }
  | { readonly kind: 'token' }
  | { readonly kind: 'stop'; readonly reason: string };

/** Decides what follows a refused connection. @param answer undefined if the server did not answer. */
export function afterRefusal(answer: ProbeAnswer | undefined): AfterRefusal {
  if (answer === undefined) return { kind: 'wait', reason: 'The server does not answer.' };
  const {
    status,
    code = '',
    error = `The server answers with status ${status}.`,
    oldest,
    retryAfterMs,
  } = answer;
  if (code === 'STREAM_SINCE') return { kind: 'continue', since: oldest };
  if (code.startsWith('FILTER_')) return { kind: 'without-filter', reason: error };
  if (status === 401) return { kind: 'token' };
  if (status === 426)
    return {
      kind: 'wait',
      reason:
        'The server answers, but refuses the WebSocket. Too many clients are connected, a proxy does not pass WebSockets, or webserver.allowed_origins lacks the address of this page.',
    };
  if (status === 429 || status >= 500) return { kind: 'wait', reason: error, retryAfterMs };
  return { kind: 'stop', reason: error };
}
