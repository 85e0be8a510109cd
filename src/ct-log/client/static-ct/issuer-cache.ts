/** Maximum number of issuers. A few hundred sign all entries; the rest of the room is for issuers of archives and test logs. */
const MAX_ISSUERS = 4096;
/** Maximum number of bytes of all issuers. Issuers of real logs have 1 to 2 KB; a hostile log may serve issuers of any size. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Pause before an unavailable issuer is requested again. */
const RETRY_AFTER_MS = 60_000;

/**
 * IssuerCache keeps issuer certificates by the SHA-256 of their DER for all logs: the fingerprint proves the bytes from any
 * source. Keys are the 32 bytes as a latin1 string. The least recently used certificates are removed first.
 */
export class IssuerCache {
  private readonly issuers = new Map<string, Buffer>();
  private bytes = 0;
  private added = 0;
  /** Fingerprint and log to the time of the next try. */
  private readonly failed = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get(fingerprint: string): Buffer | undefined {
    const der = this.issuers.get(fingerprint);
    if (der !== undefined) {
      this.issuers.delete(fingerprint);
      this.issuers.set(fingerprint, der);
    }
    return der;
  }

  /** Number of issuers added so far, which shows the issuer file whether there is anything to save. */
  get additions(): number {
    return this.added;
  }

  /** Returns all issuers, the most recently used ones last. */
  all(): readonly Buffer[] {
    return [...this.issuers.values()];
  }

  set(fingerprint: string, der: Buffer): void {
    if (this.issuers.has(fingerprint)) return;
    this.added++;
    this.issuers.set(fingerprint, der);
    this.bytes += der.length;
    for (const [oldest, { length }] of this.issuers) {
      if (this.issuers.size <= MAX_ISSUERS && this.bytes <= MAX_BYTES) return;
      this.issuers.delete(oldest);
      this.bytes -= length;
    }
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
    const key = fingerprint + url;
    this.failed.delete(key);
    this.failed.set(key, this.now() + RETRY_AFTER_MS);
    if (this.failed.size > MAX_ISSUERS) this.failed.delete(this.failed.keys().next().value!);
  }
}
