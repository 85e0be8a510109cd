/** The longest pause that another server can request. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

/**
 * Reads Retry-After (RFC 9110, 10.2.3), a delay in seconds or an HTTP date. Returns milliseconds from `now`, clamped to
 * 0..{@link MAX_RETRY_AFTER_MS}, or undefined if the value is absent or unreadable.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return clamp(Number(text) * 1000);
  if (!/^[A-Za-z]{3}/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : clamp(date - now);
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
