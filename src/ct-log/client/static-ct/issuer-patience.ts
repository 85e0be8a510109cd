/** How long is waited for an issuer that cannot be had now: for so many tries and minutes, both. */
export interface Patience {
  readonly tries: number;
  readonly minutes: number;
}

/** Without anybody who tries again. */
export const NO_PATIENCE: Patience = { tries: 1, minutes: 0 };

interface Wait {
  readonly since: number;
  tries: number;
}

/** Nobody waits for that many. */
const MAX_WAITS = 4096;

/**
 * Decides when entries of one log go on without an issuer: when it, or any issuer at all, has been waited for long enough.
 * Keys are fingerprints.
 */
export class IssuerPatience {
  private readonly waits = new Map<string, Wait>();
  /** For any issuer, since the last one that the log answered for. */
  private all: Wait | undefined;

  /** @param now monotonic milliseconds */
  constructor(
    private readonly patience: Patience,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The log could not be asked for these. */
  failed(fingerprints: readonly string[]): void {
    this.all = this.tried(this.all);
    for (const fingerprint of fingerprints) {
      this.waits.set(fingerprint, this.tried(this.waits.get(fingerprint)));
      if (this.waits.size > MAX_WAITS) this.waits.delete(this.waits.keys().next().value!);
    }
  }

  /** The log served it, or said that it has none. */
  answered(fingerprint: string): void {
    this.all = undefined;
    this.waits.delete(fingerprint);
  }

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
