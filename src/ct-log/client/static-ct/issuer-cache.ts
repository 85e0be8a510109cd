import { SharedLru } from '../../../kernel/shared-lru.js';

/** Maximum number of issuers. A few hundred sign all entries; the rest of the room is for issuers of archives and test logs. */
const MAX_ISSUERS = 4096;
/** Maximum number of bytes of all issuers. Issuers of real logs have 1 to 2 KB; a hostile log may serve issuers of any size. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Pause before an unavailable issuer is requested again. */
const RETRY_AFTER_MS = 60_000;

/**
 * IssuerCache keeps issuer certificates by the SHA-256 of their DER for all logs: the fingerprint proves the bytes from any
 * source. Keys are the 32 bytes as a latin1 string. If it is full, the log that added most loses its least recently used one.
 */
export class IssuerCache {
  private readonly issuers = new SharedLru<Buffer>({ maxCount: MAX_ISSUERS, maxSize: MAX_BYTES });
  private added = 0;
  /** Fingerprint and log to the time of the next try. */
  private readonly failed = new SharedLru<number>({ maxCount: MAX_ISSUERS, maxSize: Infinity });

  /** @param now monotonic milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get(fingerprint: string): Buffer | undefined {
    return this.issuers.get(fingerprint);
  }

  /** Number of issuers added so far, which shows the issuer file whether there is anything to save. */
  get additions(): number {
    return this.added;
  }

  /** Returns all issuers, the most recently used ones of each log last. */
  all(): readonly Buffer[] {
    return this.issuers.values();
  }

  /** @param url the log that served the issuer, or another source. */
  set(fingerprint: string, der: Buffer, url: string): void {
    if (this.issuers.has(fingerprint)) return;
    this.added++;
    this.issuers.set(fingerprint, der, der.length, url);
  }

  /** Whether the log at `url` recently failed to serve this issuer. */
  hasFailed(url: string, fingerprint: string): boolean {
    const key = fingerprint + url;
    const until = this.failed.get(key);
    if (until === undefined) return false;
    if (until > this.now()) return true;
    this.failed.delete(key);
    return false;
  }

  fail(url: string, fingerprint: string): void {
    this.failed.set(fingerprint + url, this.now() + RETRY_AFTER_MS, 1, url);
  }
}
