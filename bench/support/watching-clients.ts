import type { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { formatLatency, LatencyTracker } from './latency-tracker.js';
import type { FleetHead } from './log-fleet.js';
import { ResumeClient, type ResumeServer } from './resume-client.js';
import type { PublishedLog } from './resume-tally.js';

const CLIENTS = [
  { name: 'lite client', path: '/', isWhole: true },
  { name: 'full client', path: '/full-stream', isWhole: true },
];

/** A time, milliseconds since the epoch. */
interface Period {
  readonly from: number;
  readonly to: number;
}

/**
 * WebSocket clients that stay connected, and continue after their newest cursor when the server was killed. They must get every
 * entry, and no gap message.
 */
export class WatchingClients {
  private readonly address: { readonly url: string; run: number };
  private readonly clients: readonly ResumeClient[];
  private readonly tracker = new LatencyTracker();
  private readonly stopping = new AbortController();
  private readonly leftOut: Period[] = [];
  private reading: Promise<unknown> = Promise.resolve();

  constructor(url: string, random: SeededRandom) {
    this.address = { url, run: 0 } satisfies ResumeServer;
    this.clients = CLIENTS.map((options) => new ResumeClient(options, this.address, random));
    this.clients[0].onArrival = this.tracker.onEntry;
  }

  /** Number of the run of the server. */
  get run(): number {
    return this.address.run;
  }

  set run(number: number) {
    this.address.run = number;
  }

  begin(): void {
    const { signal } = this.stopping;
    const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    const read = async (client: ResumeClient): Promise<void> => {
      while (!signal.aborted) await client.readUntilClosed(stopped);
    };
    this.reading = Promise.all(this.clients.map(read));
  }

  async end(): Promise<void> {
    this.stopping.abort();
    await this.reading;
  }

  /** Leaves heads that are published in this period out of the delays: the server is away or catches up. */
  leaveOut(from: number, to: number): void {
    this.leftOut.push({ from, to });
  }

  /** Whether the clients have the newest entry of every log. */
  haveAll(logs: readonly PublishedLog[]): boolean {
    return this.clients.every((client) => logs.every(({ url, size }) => client.has(url, size - 1)));
  }

  /** One sentence for each promise that was broken. @param from the first index of each log. */
  mistakes(logs: readonly PublishedLog[], from: number): string[] {
    return this.clients.flatMap((client) => {
      const { name } = client.options;
      const mistakes = client.mistakes.slice(0, 5);
      const { slowGaps } = client.counts;
      if (slowGaps > 0) mistakes.push(`${name}: ${slowGaps} gap messages with the reason slow`);
      for (const { url, size } of logs) {
        let missing = 0;
        for (let index = from; index < size; index++) if (!client.has(url, index)) missing++;
        if (missing > 0) mistakes.push(`${name} lacks ${missing} entries of ${url}`);
      }
      return mistakes;
    });
  }

  summary(heads: readonly FleetHead[]): string {
    this.tracker.addHeads(heads);
    const isCounted = (at: number): boolean => !this.leftOut.some(({ from, to }) => at >= from && at < to);
    const latency = formatLatency(this.tracker.summary(() => true, isCounted));
    const gaps = this.clients.reduce((sum, { counts }) => sum + counts.slowGaps, 0);
    return `WebSocket clients: ${gaps} gap messages; from the head of a log to the message, without restarts: ${latency}`;
  }
}
