/** How long to wait for an unavailable issuer: until both so many tries and so many minutes have passed. */
export interface Patience {
  readonly tries: number;
  readonly minutes: number;
}

/** The patience of a caller that does not retry. */
export const NO_PATIENCE: Patience = { tries: 1, minutes: 0 };

interface Wait {
  readonly since: number;
  tries: number;
}

/** Maximum number of issuers that are waited for. */
const MAX_WAITS = 4096;

/**
 * IssuerPatience decides when entries of one log continue without an issuer: when they have waited long enough for this issuer,
 * or for any issuer of the log. Keys are fingerprints.
 */
export class IssuerPatience {
  private readonly waits = new Map<string, Wait>();
  /** The wait for any issuer, since the last one for which the log answered. */
  private all: Wait | undefined;

  /** @param now monotonic milliseconds */
  constructor(
    private readonly patience: Patience,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Reports that a try for these issuers failed without an answer about them. */
  failed(fingerprints: readonly string[]): void {
    this.all = this.tried(this.all);
    for (const fingerprint of fingerprints) {
      this.waits.set(fingerprint, this.tried(this.waits.get(fingerprint)));
      if (this.waits.size > MAX_WAITS) this.waits.delete(this.waits.keys().next().value!);
    }
  }

  /** Reports that the log served the issuer or answered that it does not have it. */
  answered(fingerprint: string): void {
    this.all = undefined;
    this.waits.delete(fingerprint);
  }

  /** Returns the issuers with those at the end whose last try failed. */
  waitedForLast(fingerprints: readonly string[]): readonly string[] {
    if (this.waits.size === 0) return fingerprints;
    const isWaitedFor = (fingerprint: string): boolean => this.waits.has(fingerprint);
    return [...fingerprints.filter((one) => !isWaitedFor(one)), ...fingerprints.filter(isWaitedFor)];
  }

  /** Whether entries continue without this issuer. */
  isOver(fingerprint: string): boolean {
    return [this.all, this.waits.get(fingerprint)].some((wait) => wait !== undefined && this.isLong(wait));
  }

  private tried(wait: Wait | undefined): Wait {
    return { since: wait?.since ?? this.now(), tries: (wait?.tries ?? 0) + 1 };
  }

  private isLong({ since, tries }: Wait): boolean {
    return tries >= this.patience.tries && this.now() - since >= this.patience.minutes * 60_000;
  }
}
