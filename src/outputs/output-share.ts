import type { Cluster } from '../cluster/cluster.js';
import type { Leases } from '../cluster/leases.js';
import type { EntryJournal } from '../feed/journal/entry-journal.js';
import { SharedCursors, type SharedStart } from './shared-cursors.js';

const RETRY_MS = 1000;

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
  /** The greatest position of outputs that begin again, because the journal has lost its newest records. */
  private readonly most = new Map<string, number>();
  private isStopped = false;

  constructor(
    cluster: Cluster,
    private readonly journal: EntryJournal,
    private readonly runners: OutputRunners,
  ) {
    this.cursors = new SharedCursors(cluster.records('outputs'), journal, (name) => void this.giveUp(name));
    this.leases = cluster.leases('outputs', {
      acquired: (name) => {
        this.held.add(name);
        void this.begin(name);
      },
      release: async (name) => {
        this.held.delete(name);
        this.most.delete(name);
        await this.end(name);
        if (this.held.has(name)) return;
        this.cursors.rewrite(name);
        await this.cursors.save();
        if (!this.held.has(name)) this.cursors.drop(name);
      },
      lost: (name) => {
        this.held.delete(name);
        this.most.delete(name);
        this.cursors.drop(name);
        void this.end(name);
      },
    });
  }

  /** Replaces the set of outputs. All members name the same ones. */
  want(names: readonly string[]): void {
    this.leases.want(new Set(names));
  }

  /** Runs all outputs of this member again, from their saved positions. Call it when another journal has taken the place of the journal. */
  restart(): void {
    const { newest } = this.journal;
    for (const name of this.held) {
      this.most.set(name, newest);
      void this.giveUp(name);
    }
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
      const start = await this.cursors.take(name, this.most.get(name));
      this.most.delete(name);
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
