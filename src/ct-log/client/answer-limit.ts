/** For a few entries, however long their chains are. */
const LEAST_BYTES = 4 * 1024 * 1024;
/** Of each entry, of which most logs need a tenth on average, base64 included. */
const BYTES_PER_ENTRY = 128 * 1024;

/**
 * Octets that an answer with so many entries may take: what was not asked for is not received. An entry that is asked for
 * alone may be as large as `ct_log.max_response_mb` allows, since it comes in no smaller answer.
 */
export function maxAnswerBytes(entries: number): number {
  return entries === 1 ? Infinity : LEAST_BYTES + entries * BYTES_PER_ENTRY;
}
