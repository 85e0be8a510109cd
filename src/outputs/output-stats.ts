import { CertstreamError, messageOf } from '../kernel/certstream-error.js';

/** Longest text of an error that pages show. */
const MAX_TEXT = 300;

/** Why a delivery failed. */
export interface OutputFailure {
  /** Stable (docs/errors.md), or a code of Node such as `ECONNREFUSED`. */
  readonly code: string;
  /** One line without the paths, queries and credentials of URLs, which may be secrets. */
  readonly message: string;
  /** Wall-clock time, milliseconds since the epoch. */
  readonly time: number;
}

/** Totals of one output since the start, and its state. Plain values, read when metrics are scraped. */
export class OutputStats {
  /** Records and entries that the output has acknowledged. */
  records = 0;
  entries = 0;
  /** Entries of deliveries that were tried once more after a failure. */
  repeatedEntries = 0;
  /** Calls of `deliver` that were rejected, and failed reads of the journal. */
  failures = 0;
  /** Records that the journal dropped before the output got them. */
  skipped = 0;
  /** Wall-clock time of the last acknowledgement, milliseconds since the epoch; 0 before the first. */
  lastAcknowledgedAt = 0;
  /** Wall-clock time of the first failure since the last acknowledgement; 0 while the output works. */
  failingSince = 0;
  lastFailure: OutputFailure | undefined;

  /** @param acknowledged number of the last record that was acknowledged. */
  constructor(public acknowledged: number) {}

  /** @param since when the failure began. */
  failed(error: unknown, now: number, since = now): void {
    this.failingSince ||= since;
    this.lastFailure = { code: codeOf(error), message: shown(messageOf(error)), time: now };
  }

  acknowledge(seq: number, now: number): void {
    this.acknowledged = seq;
    this.lastAcknowledgedAt = now;
    this.failingSince = 0;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof CertstreamError) return error.code;
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'OUTPUT_FAILED';
}

function shown(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ').trim();
  const plain = line.replaceAll(
    /\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@]*@)?([^\s/?#"'<>]+)[^\s"'<>]*/gi,
    '$1$2',
  );
  return plain.length <= MAX_TEXT ? plain : `${plain.slice(0, MAX_TEXT - 1)}…`;
}
