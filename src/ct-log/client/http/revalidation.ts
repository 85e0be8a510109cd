/** A Last-Modified time that is less old than this when the answer is sent may belong to two bodies (RFC 9110, 8.8.2.2). */
const STRONG_AFTER_MS = 2000;
/** After this time, the whole body is requested: the clocks of the log and of its caches, and their validators, may be wrong. */
const TRUSTED_MS = 60_000;

/** The header fields of an answer that decide about the next request. */
export interface ValidatorFields {
  readonly etag?: string;
  readonly 'last-modified'?: string;
  readonly date?: string;
}

/**
 * Revalidation keeps the body and the validators of the last answer for a URL, for conditional requests (RFC 9110, 13.1). File servers
 * make both validators of the time of change in seconds, so both are used only if that time was over when the answer was sent.
 */
export class Revalidation {
  private known: { readonly body: Buffer; readonly conditions: Record<string, string> } | undefined;
  private receivedAt = -Infinity;

  /** @param now monotonic milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The last body; undefined before the first answer, and after {@link forget}. */
  get body(): Buffer | undefined {
    return this.known?.body;
  }

  /**
   * Returns the header fields of the next request: If-None-Match (13.1.2) and If-Modified-Since (13.1.3), none for a whole body, or
   * those with which a cache asks the log for it.
   */
  conditions(): Readonly<Record<string, string>> {
    if (this.known === undefined) return {};
    if (this.now() - this.receivedAt < TRUSTED_MS) return this.known.conditions;
    return { 'cache-control': 'no-cache' };
  }

  /** Keeps the body of an answer with status 200. */
  received(body: Buffer, fields: ValidatorFields): void {
    this.receivedAt = this.now();
    const { etag, 'last-modified': modified } = fields;
    const conditions: Record<string, string> = {};
    if (modified === undefined || isStrong(modified, fields.date)) {
      if (etag !== undefined) conditions['if-none-match'] = etag;
      if (modified !== undefined) conditions['if-modified-since'] = modified;
    }
    this.known = { body, conditions };
  }

  /** Requests the whole body next time. */
  forget(): void {
    this.known = undefined;
  }
}

function isStrong(modified: string, date = ''): boolean {
  return Date.parse(date) - Date.parse(modified) >= STRONG_AFTER_MS;
}
