/** A few hundred issuers sign everything; the rest of the room is for what archives and test logs bring. */
const MAX_ISSUERS = 4096;
/** Issuers of the real logs have 1 to 2 KB; a log may make up its own, of whatever size. */
const MAX_BYTES = 16 * 1024 * 1024;
/** How long an issuer that could not be had is not asked for again. */
const RETRY_AFTER_MS = 60_000;

/**
 * Issuer certificates by the SHA-256 of their DER, shared by all logs: the fingerprint proves the bytes,
 * wherever they came from. Keys are the 32 bytes as a latin1 string. The least recently used ones go first.
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

  /** Issuers that were new so far: whoever keeps them elsewhere sees that there is something to do. */
  get additions(): number {
    return this.added;
  }

  /** The issuers of now, those that were used last at the end. */
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

  /** Whether the log at `url` was lately unable to serve this issuer. */
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
