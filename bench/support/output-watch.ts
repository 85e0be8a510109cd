import { samplesOf } from '../../test/support/metrics.js';

/** Progress of one output over all runs of the server. */
export interface OutputProgress {
  /** Acknowledged entries, repeated ones included. */
  readonly acknowledged: number;
  readonly failures: number;
  /** Longest time between two acknowledgements, milliseconds. */
  readonly longestSilenceMs: number;
}

interface Counter {
  /** Sum over the runs of the server that have ended. */
  base: number;
  last: number;
}

interface Watched {
  readonly acknowledged: Counter;
  readonly failures: Counter;
  /** Acknowledged entries at the time of each sample of the last {@link WINDOW_MS}. */
  readonly recent: { readonly at: number; readonly total: number }[];
  busiest: number;
  lastAt: number;
  longestSilenceMs: number;
}

const SAMPLE_MS = 250;
const WINDOW_MS = 3000;

/** Reads the metrics of the outputs again and again. A kill of the server resets them, so it adds up the runs. */
export class OutputWatch {
  private readonly outputs = new Map<string, Watched>();
  private readonly timer: NodeJS.Timeout;
  private sampling: Promise<unknown> = Promise.resolve();

  /** @param readMetrics resolves with the text of the metrics, or undefined while the server does not answer. */
  constructor(
    names: readonly string[],
    private readonly readMetrics: () => Promise<string | undefined>,
  ) {
    for (const name of names)
      this.outputs.set(name, {
        acknowledged: { base: 0, last: 0 },
        failures: { base: 0, last: 0 },
        recent: [],
        busiest: 0,
        lastAt: 0,
        longestSilenceMs: 0,
      });
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS);
  }

  /** Takes a sample. Resolves with the records that the outputs have not acknowledged; undefined without an answer. */
  sample(): Promise<number | undefined> {
    // One after the other: an older answer after a newer one would look like a restart of the server.
    const next = this.sampling.then(() => this.read());
    this.sampling = next;
    return next;
  }

  private async read(): Promise<number | undefined> {
    const text = await this.readMetrics();
    if (text === undefined) return undefined;
    const samples = samplesOf(text);
    let backlog = 0;
    for (const [name, watched] of this.outputs) {
      const value = (metric: string): number => samples.get(`output_${metric}{output="${name}"}`) ?? NaN;
      backlog += value('backlog_records');
      advance(watched.acknowledged, value('acknowledged_entries_total'));
      advance(watched.failures, value('failures_total'));
      this.note(watched, value('last_acknowledgement_timestamp_seconds') * 1000);
    }
    return backlog;
  }

  /** The most entries that the output has acknowledged within three seconds. */
  busiestSeconds(name: string): number {
    return this.outputs.get(name)!.busiest;
  }

  progress(name: string): OutputProgress {
    const { acknowledged, failures, longestSilenceMs } = this.outputs.get(name)!;
    return { acknowledged: totalOf(acknowledged), failures: totalOf(failures), longestSilenceMs };
  }

  /** Acknowledged entries of all outputs together. */
  get acknowledged(): number {
    let sum = 0;
    for (const { acknowledged } of this.outputs.values()) sum += totalOf(acknowledged);
    return sum;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private note(watched: Watched, acknowledgedAt: number): void {
    const now = Date.now();
    const total = totalOf(watched.acknowledged);
    const { recent } = watched;
    recent.push({ at: now, total });
    while (recent[0].at < now - WINDOW_MS) recent.shift();
    watched.busiest = Math.max(watched.busiest, total - recent[0].total);
    if (acknowledgedAt > watched.lastAt) {
      if (watched.lastAt > 0)
        watched.longestSilenceMs = Math.max(watched.longestSilenceMs, acknowledgedAt - watched.lastAt);
      watched.lastAt = acknowledgedAt;
    }
  }
}

function advance(counter: Counter, value: number): void {
  if (Number.isNaN(value)) return;
  if (value < counter.last) counter.base += counter.last;
  counter.last = value;
}

function totalOf({ base, last }: Counter): number {
  return base + last;
}
