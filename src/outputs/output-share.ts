import type { Cluster } from '../cluster/cluster.js';
import type { Leases } from '../cluster/leases.js';
import type { EntryJournal } from '../feed/journal/entry-journal.js';
import { SharedCursors, type SharedStart } from './shared-cursors.js';

const RETRY_MS = 1000;
/** Within this time after the journal has lost its newest records, the member that runs an output has saved its new position. */
const LOSS_MS = 60_000;

/** The newest record of a journal after it had lost later ones, whose numbers others have now. */
interface Loss {
  readonly newest: number;
  /** Until when positions may be those of lost records, monotonic milliseconds. */
  readonly until: number;
}

/** Runs outputs, for {@link OutputShare}. */
export interface OutputRunners {
  run(name: string, start: SharedStart): void;
  /** Resolves when the output delivers nothing more. */
  stop(name: string): Promise<void>;
  /** Reports that an output cannot run now. */
  failed(name: string, error: unknown): void;
}

/**
 * The outputs that this member of a cluster runs. Each output runs once in the cluster, at the member that has its lease. Its position is
 * in the records of the cluster, so another member continues there.
 */
export class OutputShare {
  private readonly cursors: SharedCursors;
  private readonly leases: Leases;
  private readonly held = new Set<string>();
  /** The current run of each output, which differs from all other runs. */
  private readonly running = new Map<string, object>();
  private wanted: ReadonlySet<string> = new Set();
  /** By output, also of those that another member runs: this one may continue them before their positions are saved anew. */
  private readonly losses = new Map<string, Loss>();
  private epoch: string;
  private isStopped = false;

  constructor(
    cluster: Cluster,
    private readonly journal: EntryJournal,
    private readonly runners: OutputRunners,
  ) {
    this.epoch = journal.epoch;
    this.cursors = new SharedCursors(cluster.records('outputs'), journal, (name) => void this.giveUp(name));
    this.leases = cluster.leases('outputs', {
      acquired: (name) => {
        this.held.add(name);
        this.keepLoss(name);
        void this.begin(name);
      },
      release: async (name) => {
        this.held.delete(name);
        await this.end(name);
        if (this.held.has(name)) return;
        this.cursors.rewrite(name);
        await this.cursors.save();
        if (!this.held.has(name)) this.cursors.drop(name);
      },
      lost: (name) => {
        this.held.delete(name);
        this.cursors.drop(name);
        void this.end(name);
      },
    });
  }

  /** Replaces the set of outputs. All members name the same ones. */
  want(names: readonly string[]): void {
    this.wanted = new Set(names);
    this.leases.want(this.wanted);
  }

  /**
   * Runs all outputs of this member again, from their saved positions. Call it when another journal has taken the place of the journal, or
   * when the journal has lost its newest records.
   */
  restart(): void {
    const { newest, epoch } = this.journal;
    if (epoch !== this.epoch) this.losses.clear();
    else
      for (const name of new Set([...this.wanted, ...this.held])) {
        const most = Math.min(newest, this.losses.get(name)?.newest ?? Infinity);
        const until = this.held.has(name) ? Infinity : performance.now() + LOSS_MS;
        this.losses.set(name, { newest: most, until });
      }
    this.epoch = epoch;
    for (const name of this.held) void this.giveUp(name);
  }

  /** Forgets an old loss of the journal. Another one stays until the position of the output is taken. */
  private keepLoss(name: string): void {
    const loss = this.losses.get(name);
    if (loss === undefined) return;
    if (performance.now() > loss.until) this.losses.delete(name);
    else this.losses.set(name, { ...loss, until: Infinity });
  }

  /** Saves the positions that have changed. @throws ClusterError */
  save(): Promise<void> {
    return this.cursors.save();
  }

  /** Stops the outputs, saves their positions and gives the leases up. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.leases.stop();
  }

  private async begin(name: string): Promise<void> {
    if (!this.held.has(name) || this.running.has(name) || this.isStopped) return;
    const run = {};
    this.running.set(name, run);
    try {
      const loss = this.losses.get(name);
      const start = await this.cursors.take(name, loss?.newest);
      // Another loss may have come meanwhile.
      if (this.losses.get(name) === loss) this.losses.delete(name);
      if (this.running.get(name) !== run) return;
      if (this.held.has(name)) this.runners.run(name, start);
      else this.cursors.drop(name);
    } catch (error) {
      if (this.running.get(name) === run) this.running.delete(name);
      this.runners.failed(name, error);
      setTimeout(() => void this.begin(name), RETRY_MS).unref();
    }
  }

  private async end(name: string): Promise<void> {
    const run = this.running.get(name);
    await this.runners.stop(name);
    // A second call may have ended the same run, and another one may have begun meanwhile.
    if (this.running.get(name) !== run) return;
    this.running.delete(name);
    // The lease may have been taken again meanwhile.
    if (this.held.has(name)) void this.begin(name);
  }

  /** Stops an output. If this member still holds the lease, it continues at the position that is saved. */
  private async giveUp(name: string): Promise<void> {
    this.cursors.drop(name);
    await this.end(name);
  }
}
