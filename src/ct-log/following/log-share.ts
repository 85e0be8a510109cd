import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { Subscription } from 'rxjs';
import { CLUSTER, type Cluster } from '../../cluster/cluster.js';
import type { Leases } from '../../cluster/leases.js';
import { clusterConfig } from '../../config/config-namespace.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import { LogListService } from '../log-list/log-list.service.js';
import { operatorOf } from '../scheduling/log-requests.js';
import { LogStateStore } from '../state/log-state-store.js';

const RETRY_MS = 1000;

/** Follows logs, for {@link LogShare}. */
export interface LogFollower {
  /** Follows these logs and no others. Resolves when the logs that it followed before, and that are not among them, have ended. */
  follow(logs: readonly CtLog[]): Promise<void>;
}

/** The right of this process to append the entries of a log. */
export interface LogOwnership {
  readonly isOwned: () => boolean;
  /** Must be called when another process has appended to the log. */
  readonly onFenced: () => void;
}

/**
 * The wanted logs that this process follows. A server that works alone follows all of them. The members of a cluster share them by
 * lease: a log is followed when this member has its lease and has read its state, and is given up, with its state saved, before the
 * lease is.
 */
@Injectable()
export class LogShare {
  private readonly logger = new Logger(LogShare.name);
  private readonly problems = new ProblemLog(this.logger);
  private leases: Leases | undefined;
  private follower: LogFollower | undefined;
  private subscription: Subscription | undefined;
  private retry: NodeJS.Timeout | undefined;
  private wanted: readonly CtLog[] = [];
  /** The units whose leases this member holds, and that it does not give up now. */
  private readonly units = new Set<string>();
  /** Keys of the logs whose states were read, or are being read. */
  private readonly taken = new Map<string, 'reading' | 'read'>();

  constructor(
    private readonly logList: LogListService,
    private readonly states: LogStateStore,
    @Inject(clusterConfig.KEY) private readonly config: ConfigType<typeof clusterConfig>,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {}

  /** Starts to read the log list and passes the logs of this process to the follower. Must be called once. */
  start(follower: LogFollower): void {
    this.follower = follower;
    if (this.config.role === 'gateway') return;
    if (this.cluster !== undefined) {
      this.states.onFenced = (key) => this.giveUp(key);
      this.leases = this.cluster.leases('logs', {
        acquired: (unit) => {
          this.units.add(unit);
          this.update();
        },
        release: (unit) => this.release(unit),
        lost: (unit) => this.lose(unit),
      });
    }
    this.subscription = this.logList.wanted$.subscribe((logs) => this.want(logs));
    this.logList.start();
  }

  /** Passes no more logs. The leases stay until {@link release}. */
  pause(): void {
    this.subscription?.unsubscribe();
    clearTimeout(this.retry);
    this.follower = undefined;
  }

  /** Gives all leases up, after {@link pause}, when all logs have ended and their states are saved. */
  async stop(): Promise<void> {
    await this.leases?.stop();
  }

  /** Returns the ownership of a log in a cluster; undefined without a cluster. */
  ownershipOf(log: CtLog): LogOwnership | undefined {
    const { leases } = this;
    if (leases === undefined) return undefined;
    const unit = this.unitOf(log);
    return { isOwned: () => leases.holds(unit), onFenced: () => this.giveUp(logKey(log)) };
  }

  private unitOf(log: CtLog): string {
    return this.config.shard_by === 'log' ? logKey(log) : operatorOf(log);
  }

  private want(logs: readonly CtLog[]): void {
    this.wanted = logs;
    if (this.leases === undefined) void this.follower?.follow(logs);
    else {
      this.leases.want(new Set(logs.map((log) => this.unitOf(log))));
      this.update();
    }
  }

  /** Reads the states of the logs of this member that it has not read, and has the others followed. */
  private update(): void {
    clearTimeout(this.retry);
    if (this.follower === undefined) return;
    for (const log of this.wanted) {
      if (this.units.has(this.unitOf(log)) && !this.taken.has(logKey(log))) void this.take(log);
    }
    void this.followOwn();
  }

  private followOwn(): Promise<void> {
    const own = this.wanted.filter(
      (log) => this.units.has(this.unitOf(log)) && this.taken.get(logKey(log)) === 'read',
    );
    return this.follower?.follow(own) ?? Promise.resolve();
  }

  private async take(log: CtLog): Promise<void> {
    const key = logKey(log);
    const { name, url } = log.source;
    this.taken.set(key, 'reading');
    try {
      await this.states.take(log);
    } catch (error) {
      this.taken.delete(key);
      const code = error instanceof CertstreamError ? { code: error.code } : {};
      this.problems.report(key, `${name}: its state cannot be read: ${messageOf(error)}`, {
        log: url,
        ...code,
      });
      this.tryAgain();
      return;
    }
    this.problems.resolved(key);
    if (!this.units.has(this.unitOf(log))) {
      this.taken.delete(key);
      this.states.drop(log);
      return;
    }
    this.taken.set(key, 'read');
    if (![...this.taken.values()].includes('reading')) void this.followOwn();
  }

  private async release(unit: string): Promise<void> {
    this.units.delete(unit);
    await this.followOwn();
    await this.states.save();
    // The lease may have been lost and taken again meanwhile.
    if (!this.units.has(unit)) this.drop(unit);
  }

  private lose(unit: string): void {
    this.units.delete(unit);
    this.drop(unit);
    void this.followOwn();
  }

  private drop(unit: string): void {
    for (const log of this.wanted) {
      if (this.unitOf(log) !== unit || this.taken.get(logKey(log)) !== 'read') continue;
      this.taken.delete(logKey(log));
      this.states.drop(log);
    }
  }

  /** Stops a log that another member follows. If this member still holds the lease, it continues from the state of the other one. */
  private giveUp(key: string): void {
    const log = this.wanted.find((wanted) => logKey(wanted) === key);
    if (log === undefined || this.taken.get(key) !== 'read') return;
    this.logger.warn(`${log.source.name}: another member of the cluster has continued this log`, {
      log: log.source.url,
    });
    this.taken.delete(key);
    this.states.drop(log);
    void this.followOwn().then(() => this.tryAgain());
  }

  private tryAgain(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.update(), RETRY_MS);
  }
}
