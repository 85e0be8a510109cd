import type { Clock } from '../kernel/clock.js';
import { hasClusterCode } from './cluster-error.js';
import { encodeLease } from './lease-record.js';
import { LEASE_TTL_MS, RELEASE_WITHIN_MS } from './leases.js';
import type { SharedRecords } from './shared-records.js';

/** The beat renews each second; a renewal that failed or is late is made by {@link HeldLease.tick}. */
const RENEW_MS = 1500;
/** Pause after a renewal that failed. */
const RETRY_MS = 250;

interface Renewal {
  readonly revision: number;
  /** When the request was sent, monotonic milliseconds. Other members saw the renewal later, so they wait longer. */
  readonly renewedAt: number;
}

/** A lease that this member holds, and renews until it is released or lost. */
export class HeldLease {
  private readonly self: string;
  private readonly since: number;
  private last: Renewal;
  private renewing: Promise<void> | undefined;
  private nextRenewal: number;
  private releasing: Promise<void> | undefined;
  private isOver = false;

  constructor(
    readonly unit: string,
    { self, ...taken }: Renewal & { readonly self: string },
    private readonly key: string,
    private readonly around: {
      readonly clock: Clock;
      readonly records: SharedRecords;
      /** Called once when the lease is lost. */
      readonly lost: () => void;
    },
  ) {
    this.self = self;
    this.last = taken;
    this.since = around.clock.now();
    this.nextRenewal = taken.renewedAt + RENEW_MS;
  }

  get revision(): number {
    return this.last.revision;
  }

  /** Milliseconds for which this member has had the lease. */
  get age(): number {
    return this.around.clock.now() - this.since;
  }

  /** Whether the lease was renewed in time, and is not being given up. */
  get isValid(): boolean {
    return !this.isOver && this.isRecent;
  }

  /** Whether the lease was renewed in time. */
  get isRecent(): boolean {
    return this.around.clock.now() - this.last.renewedAt < LEASE_TTL_MS;
  }

  /** Renews the lease when it is time, and notices that it is over. */
  tick(): void {
    if (this.isOver) return;
    if (!this.isRecent) this.lose();
    else if (this.around.clock.now() >= this.nextRenewal) void this.renewNow();
  }

  /** Renews the lease. The promise never rejects. */
  renewNow(): Promise<void> {
    if (this.isOver || !this.isRecent) return Promise.resolve();
    this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  /**
   * Lets the work end, once, and renews the lease meanwhile.
   * @returns a promise that resolves when the work has ended, or after {@link RELEASE_WITHIN_MS}. It never rejects.
   */
  release(work: () => Promise<void>, failed: (reason: unknown) => void): Promise<void> {
    this.releasing ??= new Promise((resolve) => {
      const late = this.around.clock.after(RELEASE_WITHIN_MS, () => {
        failed(new Error(`the work did not end within ${RELEASE_WITHIN_MS} ms`));
        if (!this.isOver) this.lose();
        resolve();
      });
      const run = async (): Promise<void> => {
        try {
          await work();
        } catch (error) {
          failed(error);
        }
        late();
        resolve();
      };
      void run();
    });
    return this.releasing;
  }

  /** Gives the lease up in its record. @returns the revision of the record, or undefined if that was not possible. */
  async free(): Promise<number | undefined> {
    if (this.isOver) return undefined;
    this.isOver = true;
    await this.renewing;
    try {
      return await this.around.records.put(this.key, encodeLease(null), this.last.revision);
    } catch {
      // Others take the lease when it is not renewed.
      return undefined;
    }
  }

  private async renew(): Promise<void> {
    const { clock } = this.around;
    const renewedAt = clock.now();
    try {
      const revision = await this.write(this.last.revision);
      this.last = { revision, renewedAt };
      this.nextRenewal = renewedAt + RENEW_MS;
    } catch (error) {
      this.nextRenewal = clock.now() + RETRY_MS;
      const isTaken = hasClusterCode(error, 'CLUSTER_FENCED') || hasClusterCode(error, 'CLUSTER_RECORD_LOST');
      if (isTaken && !this.isOver) this.lose();
    }
  }

  private async write(revision: number): Promise<number> {
    const { records } = this.around;
    const value = encodeLease(this.self);
    try {
      return await records.put(this.key, value, revision);
    } catch (error) {
      // The bucket was lost. Only a member that has renewed in time makes the record again.
      if (!hasClusterCode(error, 'CLUSTER_RECORD_LOST') || !this.isValid) throw error;
      return records.put(this.key, value, 0);
    }
  }

  private lose(): void {
    this.isOver = true;
    this.around.lost();
  }
}
