/** Limit for few entries with chains of any length. */
const LEAST_BYTES = 4 * 1024 * 1024;
/** Limit per entry, base64 included. Most logs need a tenth of it on average. */
const BYTES_PER_ENTRY = 128 * 1024;

/**
 * Returns the maximum size of an answer with so many entries, so that data that was not requested is not received. A single entry
 * is limited only by `ct_log.max_response_mb`, because it cannot be fetched in a smaller answer.
 */
export function maxAnswerBytes(entries: number): number {
  return entries === 1 ? Infinity : LEAST_BYTES + entries * BYTES_PER_ENTRY;
}
