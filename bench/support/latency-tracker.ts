import type { FleetHead } from './log-fleet.js';
import { percentile } from './percentiles.js';

interface Receipts {
  readonly from: number;
  /** Milliseconds since the epoch. The entry with index i is at position i - `from`. */
  readonly at: number[];
}

/** Milliseconds from the first head that covers an entry to its message at the client. */
export interface LatencySummary {
  readonly entries: number;
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
}

/** Records the time at which each entry arrived and compares it with the publication of its head. */
export class LatencyTracker {
  private readonly receipts = new Map<string, Receipts>();
  private readonly heads = new Map<string, FleetHead[]>();

  /** Records an entry. Assign it to `VerifyingClient.onEntry`. */
  readonly onEntry = (url: string, index: number): void => {
    let known = this.receipts.get(url);
    if (known === undefined) this.receipts.set(url, (known = { from: index, at: [] }));
    known.at[index - known.from] ??= Date.now();
  };

  addHeads(heads: readonly FleetHead[]): void {
    for (const head of heads) {
      const known = this.heads.get(head.url);
      if (known === undefined) this.heads.set(head.url, [head]);
      else known.push(head);
    }
  }

  /**
   * Summarizes the entries of some logs.
   * @param isWanted selects logs by URL
   * @param isCounted selects heads by the time of their publication, milliseconds since the epoch
   */
  summary(
    isWanted: (url: string) => boolean,
    isCounted: (publishedAt: number) => boolean = () => true,
  ): LatencySummary {
    const values: number[] = [];
    for (const url of this.receipts.keys()) if (isWanted(url)) this.addLatencies(url, isCounted, values);
    values.sort((a, b) => a - b);
    return {
      entries: values.length,
      p50: percentile(values, 0.5),
      p99: percentile(values, 0.99),
      highest: values.at(-1) ?? Number.NaN,
    };
  }

  private addLatencies(url: string, isCounted: (publishedAt: number) => boolean, values: number[]): void {
    const { from, at } = this.receipts.get(url)!;
    let covered = from;
    for (const { size, at: publishedAt } of this.heads.get(url) ?? []) {
      for (; covered < size; covered++) {
        const receivedAt = at[covered - from];
        if (receivedAt !== undefined && isCounted(publishedAt)) values.push(receivedAt - publishedAt);
      }
    }
  }
}

export function formatLatency({ entries, p50, p99, highest }: LatencySummary): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return `p50 ${seconds(p50)}, p99 ${seconds(p99)}, highest ${seconds(highest)} (${entries} entries)`;
}
