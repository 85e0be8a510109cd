import { createHash } from 'node:crypto';

const LOG_ID_DIGITS = 16;

/** Returns the name of the stream of a prefix: `CT` for `ct`. */
export function streamName(prefix: string): string {
  return prefix.toUpperCase().replaceAll('.', '_');
}

/** Returns the subjects of the stream, with a wildcard. */
export function rawSubjects(prefix: string): string {
  return `${prefix}.raw.*`;
}

/** Returns the subject of a log: `<prefix>.raw.<first 16 hexadecimal digits of the SHA-256 of its key>`. */
export function subjectOf(prefix: string, logKey: string): string {
  return `${prefix}.raw.${createHash('sha256').update(logKey).digest('hex').slice(0, LOG_ID_DIGITS)}`;
}

/** Returns the epoch of a stream, which differs for each stream that is created. @param created as the server writes it. */
export function epochOf(created: string): string {
  return createHash('sha256').update(created).digest('base64url').slice(0, 16);
}
