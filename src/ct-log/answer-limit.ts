/** For one entry, however long its chain is. */
const LEAST_BYTES = 4 * 1024 * 1024;
/** Of each entry, of which most logs need a tenth on average, base64 included. */
const BYTES_PER_ENTRY = 128 * 1024;

/** Octets that an answer with so many entries may take: what was not asked for is not received. */
export function maxAnswerBytes(entries: number): number {
  return LEAST_BYTES + entries * BYTES_PER_ENTRY;
}
