/** A range of entries of one log that were signed but not streamed. */
export interface Gap {
  /** Index of the first missing entry. */
  readonly from: number;
  /** Index after the last missing entry. */
  readonly to: number;
  /** Number of missing entries: `to - from`, or fewer if gaps were joined over streamed entries. */
  readonly missing: number;
  /** When the gap was recorded, milliseconds since the epoch. */
  readonly since: number;
  /** The reason, in words or as an error code. */
  readonly reason: string;
  /** Failed requests for the gap. */
  readonly tries: number;
  /** Whether the configuration skips these entries: the gap is reported but not requested. */
  readonly skipped: boolean;
  /** Compact range of [0, from), so that late entries can be checked against the tree. */
  readonly range?: readonly Buffer[];
}

export interface NewGap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly skipped?: boolean;
  readonly range?: readonly Buffer[];
}

/** With more gaps, the two nearest ones are joined: no entry is lost, some are streamed twice. */
export const MAX_GAPS = 100;

export interface GapLedgerOptions {
  /** Called after every change, with the added gap if there is one. */
  readonly onChange?: (added?: NewGap) => void;
  /** Returns the compact range of [0, index); undefined if it is unknown. */
  readonly rangeAt?: (index: number) => readonly Buffer[] | undefined;
  /** Returns the time, milliseconds since the epoch. */
  readonly now?: () => number;
}

/** GapLedger holds the gaps of one log in index order. Adjacent gaps of the same kind are joined. */
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

  /** Number of missing entries, either those that the configuration skips or those that are still requested. */
  missing(skipped: boolean): number {
    return this.gaps.reduce((sum, gap) => (gap.skipped === skipped ? sum + gap.missing : sum), 0);
  }

  /** Adds a gap and joins it with the gaps that it touches. An empty gap is ignored. */
  add(gap: NewGap): void {
    if (gap.to <= gap.from) return;
    const { rangeAt, now = Date.now } = this.options;
    const range = gap.range ?? rangeAt?.(gap.from);
    this.insert({ skipped: false, ...gap, missing: gap.to - gap.from, since: now(), tries: 0, range });
    this.options.onChange?.(gap);
  }

  /**
   * Removes the entries [from, to), which were streamed late.
   * @param range compact range of [0, to), for the rest of a gap after `to`.
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

  /** Removes the entries from `end` on, which will be streamed again. */
  truncate(end: number): void {
    if (this.gaps.every(({ to }) => to <= end)) return;
    this.gaps = this.gaps
      .filter(({ from }) => from < end)
      .map((gap) =>
        gap.to <= end ? gap : { ...gap, to: end, missing: Math.min(gap.missing, end - gap.from) },
      );
    this.options.onChange?.();
  }

  /** Counts a failed request for the gap that begins at `from`. */
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
