import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { Subscription } from 'rxjs';
import { CLUSTER, type Cluster } from '../../cluster/cluster.js';
import type { Leases } from '../../cluster/leases.js';
import { clusterConfig } from '../../config/config-namespace.js';
import { systemClock } from '../../kernel/clock.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import { LogListService } from '../log-list/log-list.service.js';
import { operatorOf } from '../scheduling/log-requests.js';
import { LogStateStore } from '../state/log-state-store.js';
import type { LogOwnership } from './open-log.js';
import { UnitPatience } from './unit-patience.js';

const RETRY_MS = 1000;

/** Follows logs, for {@link LogShare}. */
export interface LogFollower {
  /** Follows these logs and no others. Resolves when the logs that it followed before, and that are not among them, have ended. */
  follow(logs: readonly CtLog[]): Promise<void>;
}

/** A log whose state was read, or is being read. */
interface TakenLog {
  readonly log: CtLog;
  readonly unit: string;
  isRead: boolean;
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
  /** By {@link logKey}, also while a log that is no longer wanted ends. */
  private readonly taken = new Map<string, TakenLog>();
  private readonly patience = new UnitPatience(systemClock);

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
    const key = logKey(log);
    return {
      isOwned: () => leases.holds(unit),
      onFenced: () => this.giveUp(key),
      onOpened: () => this.patience.succeeded(unit, key),
      onOpenFailed: () => this.failed(log, unit),
    };
  }

  private unitOf(log: CtLog): string {
    return this.config.shard_by === 'log' ? logKey(log) : operatorOf(log);
  }

  private want(logs: readonly CtLog[]): void {
    this.wanted = logs;
    if (this.leases === undefined) {
      void this.follower?.follow(logs);
      return;
    }
    const units = new Map(logs.map((log) => [logKey(log), this.unitOf(log)]));
    this.leases.want(new Set(units.values()));
    const gone = [...this.taken]
      .filter(([key, { unit, isRead }]) => isRead && this.units.has(unit) && units.get(key) !== unit)
      .map(([, taken]) => taken);
    if (gone.length > 0) void this.end(gone);
    this.update();
  }

  /** Reads the states of the logs of this member that it has not read, and has the others followed. */
  private update(): void {
    clearTimeout(this.retry);
    if (this.follower === undefined) return;
    for (const log of this.wanted) {
      const unit = this.unitOf(log);
      if (this.units.has(unit) && !this.taken.has(logKey(log))) void this.take(log, unit);
    }
    void this.followOwn();
  }

  /** Resolves when the logs that were followed before and are not this member's any more have ended. */
  private followOwn(): Promise<void> {
    const own = this.wanted.filter((log) => {
      const taken = this.taken.get(logKey(log));
      return taken?.isRead === true && this.units.has(taken.unit) && this.unitOf(log) === taken.unit;
    });
    return this.follower?.follow(own) ?? Promise.resolve();
  }

  private async take(log: CtLog, unit: string): Promise<void> {
    const key = logKey(log);
    const { name, url } = log.source;
    const taken = { log, unit, isRead: false };
    this.taken.set(key, taken);
    try {
      await this.states.take(log);
    } catch (error) {
      this.taken.delete(key);
      const code = error instanceof CertstreamError ? { code: error.code } : {};
      this.problems.report(key, `${name}: its state cannot be read: ${messageOf(error)}`, {
        log: url,
        ...code,
      });
      this.failed(log, unit);
      this.tryAgain();
      return;
    }
    this.problems.resolved(key);
    if (!this.isOwn(taken)) {
      this.drop(taken);
      return;
    }
    taken.isRead = true;
    if ([...this.taken.values()].every(({ isRead }) => isRead)) void this.followOwn();
  }

  /** Leaves a unit to another member if a log of it cannot be followed here for too long. */
  private failed(log: CtLog, unit: string): void {
    if (!this.units.has(unit) || !this.patience.failed(unit, logKey(log))) return;
    const { name, url } = log.source;
    const pauseMs = this.patience.pause(unit);
    if (this.leases?.decline(unit, pauseMs) !== true) return;
    this.patience.leave(unit);
    this.logger.warn(
      `${name}: it cannot be followed here, so ${unit} goes to another member of the cluster, and is not taken here for ${pauseMs / 60_000} min`,
      { log: url, unit },
    );
  }

  private async release(unit: string): Promise<void> {
    this.units.delete(unit);
    this.patience.forget(unit);
    await this.end(this.takenOf(unit));
  }

  private lose(unit: string): void {
    this.units.delete(unit);
    this.patience.forget(unit);
    for (const taken of this.takenOf(unit)) this.drop(taken);
    void this.followOwn();
  }

  private takenOf(unit: string): TakenLog[] {
    return [...this.taken.values()].filter((taken) => taken.unit === unit && taken.isRead);
  }

  /** Ends logs that this member follows no more, and saves their states. */
  private async end(logs: readonly TakenLog[]): Promise<void> {
    await this.followOwn();
    await this.states.save(logs.map(({ log }) => log));
    for (const taken of logs) if (!this.isOwn(taken)) this.drop(taken);
    this.update();
  }

  /** The lease may have been lost and taken again, and the log removed and added, while it ended. */
  private isOwn({ log, unit }: TakenLog): boolean {
    const key = logKey(log);
    return (
      this.units.has(unit) &&
      this.wanted.some((wanted) => logKey(wanted) === key && this.unitOf(wanted) === unit)
    );
  }

  private drop(taken: TakenLog): void {
    const key = logKey(taken.log);
    if (this.taken.get(key) !== taken) return;
    this.taken.delete(key);
    this.states.drop(taken.log);
  }

  /** Stops a log that cannot go on here. If this member still holds the lease, it continues from what the cluster has of it. */
  private giveUp(key: string): void {
    const taken = this.taken.get(key);
    if (taken?.isRead !== true) return;
    const { name, url } = taken.log.source;
    this.logger.warn(`${name}: it stops here, because the cluster has other entries or another state of it`, {
      log: url,
    });
    this.drop(taken);
    void this.followOwn().then(() => this.tryAgain());
  }

  private tryAgain(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.update(), RETRY_MS);
  }
}
