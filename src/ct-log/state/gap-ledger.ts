/** Entries of one log that were signed and not streamed. */
export interface Gap {
  /** Index of the first missing entry. */
  readonly from: number;
  /** Index behind the last one. */
  readonly to: number;
  /** Entries that are missing: `to - from`, or fewer when gaps had to be joined over entries that were streamed. */
  readonly missing: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Why, in words or as an error code. */
  readonly reason: string;
  /** Times it was asked for in vain since it is a gap. */
  readonly tries: number;
  /** Left out on purpose, by the configuration: shown, and never asked for. */
  readonly skipped: boolean;
  /** Compact range of [0, from), so that what comes late can be checked against the tree. */
  readonly range?: readonly Buffer[];
}

export interface NewGap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly skipped?: boolean;
  readonly range?: readonly Buffer[];
}

/** Beyond that the two that lie nearest to each other become one: nothing is lost, some entries come twice. */
export const MAX_GAPS = 100;

export interface GapLedgerOptions {
  /** Called behind every change, with what was added. */
  readonly onChange?: (added?: NewGap) => void;
  /** The compact range of [0, index), where it is known. */
  readonly rangeAt?: (index: number) => readonly Buffer[] | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The gaps of one log in index order, none touching another of its kind. */
export class GapLedger {
  private gaps: readonly Gap[];

  constructor(
    gaps: readonly Gap[] = [],
    private readonly options: GapLedgerOptions = {},
  ) {
    this.gaps = gaps;
  }

  all(): readonly Gap[] {
    return this.gaps;
  }

  /** Entries that are missing: those that are still asked for, or those that were skipped on purpose. */
  missing(skipped: boolean): number {
    return this.gaps.reduce((sum, gap) => (gap.skipped === skipped ? sum + gap.missing : sum), 0);
  }

  /** @param gap at least one entry; what is in the ledger already is joined with it. */
  add(gap: NewGap): void {
    if (gap.to <= gap.from) return;
    const { rangeAt, now = Date.now } = this.options;
    const range = gap.range ?? rangeAt?.(gap.from);
    this.insert({ skipped: false, ...gap, missing: gap.to - gap.from, since: now(), tries: 0, range });
    this.options.onChange?.(gap);
  }

  /**
   * The entries [from, to) were streamed after all.
   * @param range compact range of [0, to), for what is left of a gap behind it.
   */
  filled(from: number, to: number, range?: readonly Buffer[]): void {
    this.gaps = this.gaps.flatMap((gap) => {
      if (gap.to <= from || gap.from >= to || gap.skipped) return [gap];
      const left = { ...gap, to: from, missing: Math.min(gap.missing, from - gap.from) };
      const right = { ...gap, from: to, missing: Math.min(gap.missing, gap.to - to), tries: 0, range };
      return [left, right].filter((part) => part.to > part.from);
    });
    this.options.onChange?.();
  }

  /** Somebody asked for the gap that begins at `from` once more in vain. */
  failed(from: number, reason: string): void {
    this.gaps = this.gaps.map((gap) =>
      gap.from === from && !gap.skipped ? { ...gap, reason, tries: gap.tries + 1 } : gap,
    );
    this.options.onChange?.();
  }

  private insert(added: Gap): void {
    const joined = this.gaps.filter((gap) => touches(gap, added)).reduce(join, added);
    const others = this.gaps.filter((gap) => !touches(gap, added));
    const gaps = [...others, joined].sort((a, b) => a.from - b.from);
    while (gaps.length > MAX_GAPS) joinNearest(gaps);
    this.gaps = gaps;
  }
}

function touches(one: Gap, other: Gap): boolean {
  return one.skipped === other.skipped && one.from <= other.to && other.from <= one.to;
}

function join(one: Gap, other: Gap): Gap {
  const first = one.from <= other.from ? one : other;
  const overlap = Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
  const to = Math.max(one.to, other.to);
  return {
    ...first,
    to,
    missing: Math.min(to - first.from, one.missing + other.missing - overlap),
    since: Math.min(one.since, other.since),
    tries: Math.max(one.tries, other.tries),
  };
}

function joinNearest(gaps: Gap[]): void {
  let best: { readonly one: number; readonly other: number; readonly distance: number } | undefined;
  const previous = new Map<boolean, number>();
  for (const [other, gap] of gaps.entries()) {
    const one = previous.get(gap.skipped);
    previous.set(gap.skipped, other);
    if (one === undefined) continue;
    const distance = gap.from - gaps[one].to;
    if (distance < (best?.distance ?? Infinity)) best = { one, other, distance };
  }
  if (best === undefined) return;
  gaps[best.one] = join(gaps[best.one], gaps[best.other]);
  gaps.splice(best.other, 1);
}
