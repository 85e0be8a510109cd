/** Refusals within this time belong together. */
const TOGETHER_MS = 60_000;
/** After a limit was recognised, further refusals count as one for this time. */
const KNOWN_MS = 600_000;
/** URLs whose last answer was a refusal. */
const MAX_URLS = 256;

/**
 * SuspectedLimit recognises a limit of the rate in answers that do not say so, such as 503 without Retry-After, nginx's default for
 * `limit_req`: an operator serves some requests, and refuses others that it serves later. If it serves nothing, it has an outage. If it
 * refuses the same URL again although it serves others, the URL is the reason, for example a range that is too large.
 */
export class SuspectedLimit {
  /** URLs whose last answer was a refusal. */
  private readonly refused = new Set<string>();
  private lastUrl: string | undefined;
  private lastAt = -Infinity;
  private knownUntil = -Infinity;
  /** Whether a request was served since the last refusal. */
  private hasServed = false;

  /** Reports an answer with status 200 or 304. */
  served(url: string): void {
    this.hasServed = true;
    this.refused.delete(url);
  }

  /** Reports a refusal that may have the rate as its reason. @param now monotonic milliseconds. @returns whether it counts as a limit. */
  isLimit(url: string, now: number): boolean {
    const isRepeated = this.refused.has(url);
    const isTogether = now - this.lastAt < TOGETHER_MS && this.lastUrl !== url;
    const isLimit = !isRepeated && this.hasServed && (isTogether || now < this.knownUntil);
    this.refused.add(url);
    if (this.refused.size > MAX_URLS) this.refused.delete(this.refused.values().next().value!);
    this.lastUrl = url;
    this.lastAt = now;
    this.hasServed = false;
    if (isLimit) this.knownUntil = now + KNOWN_MS;
    return isLimit;
  }
}
