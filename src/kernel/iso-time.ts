/** The latest time that a Date can represent (ECMA-262, 21.4.1.1). */
const LAST_TIME_MS = 8.64e15;

/**
 * Returns a time as ISO 8601 in UTC; null for 0 and undefined (never), and for a number that is no time.
 * @param ms since the epoch. It may come from a log or another process.
 */
export function isoTime(ms: number | undefined): string | null {
  const isTime = ms !== undefined && ms !== 0 && Math.abs(ms) <= LAST_TIME_MS;
  return isTime ? new Date(ms).toISOString() : null;
}

/** Returns the milliseconds since the epoch of a text in ISO 8601; null for no text, and for one that is not a time. */
export function millisecondsOf(text: string | null | undefined): number | null {
  return Date.parse(text ?? '') || null;
}
