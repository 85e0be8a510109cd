import type { Clock } from '../kernel/clock.js';
import { ProblemLog, type ProblemLogTarget } from '../logging/problem-log.js';
import type { LeaseGroup } from './cluster.js';
import { GroupLeases } from './group-leases.js';
import type { LeaseHandler, Leases } from './leases.js';
import { decodeBeat, encodeBeat, type GroupBeat, type LaterBeat, type MemberState } from './member-beat.js';
import type { MemberInfo } from './member-info.js';
import { Members } from './members.js';
import type { SharedRecords } from './shared-records.js';

const TICK_MS = 250;
const BEAT_MS = 1000;

/** How a coordinator reaches the other members. */
export interface CoordinatorPorts {
  /** Records of leases. */
  readonly leases: SharedRecords;
  /** Writes the record of this member. Rejects if the servers do not store it. */
  writeMember(state: MemberState): Promise<void>;
  /** Sends a beat to all members. Throws if there is no connection. */
  sendBeat(octets: Uint8Array): void;
}

/**
 * Coordinator shares units of work among the members of a cluster. Every second it writes the record of this member and then tells all
 * members that it is alive, and which leases it holds. A member that cannot write does not count as alive.
 */
export class Coordinator {
  readonly members: Members;
  private readonly groups = new Map<LeaseGroup, GroupLeases>();
  private readonly problems: ProblemLog;
  private stopTick: () => void = () => undefined;
  private nextBeat = -Infinity;
  private isWriting = false;
  private isStopped = false;

  constructor(
    self: MemberInfo,
    private readonly ports: CoordinatorPorts,
    private readonly clock: Clock,
    private readonly log: ProblemLogTarget,
  ) {
    this.members = new Members(self, clock, log);
    this.problems = new ProblemLog(log);
  }

  start(): void {
    this.tick();
  }

  /** @throws Error when the group has been made before. */
  leases(group: LeaseGroup, handler: LeaseHandler): Leases {
    if (this.groups.has(group)) throw new Error(`the leases of ${group} are already in use`);
    const { clock, log, members } = this;
    const records = this.ports.leases;
    const leases = new GroupLeases(group, handler, {
      clock,
      log,
      members,
      records,
      announce: () => this.announce(members.state),
    });
    this.groups.set(group, leases);
    return leases;
  }

  /** Returns the units that live members want, with the members that hold their leases, as the beats say. */
  units(group: LeaseGroup): Map<string, string | undefined> {
    const own = this.groups.get(group)?.beat();
    const beats: (readonly [string, GroupBeat | undefined])[] = [
      ...this.members.others().map(({ info, groups }) => [info.id, groups.get(group)] as const),
      [this.members.self.id, own],
    ];
    const units = new Map<string, string | undefined>();
    for (const [, beat] of beats) for (const unit of beat?.wanted ?? []) units.set(unit, undefined);
    for (const [id, beat] of beats) for (const unit of beat?.held.keys() ?? []) units.set(unit, id);
    return units;
  }

  /** Takes a message that may come from any program. */
  receive(octets: Uint8Array): void {
    const beat = decodeBeat(octets);
    if (beat === undefined) return;
    if ('format' in beat) return this.reportLater(beat);
    if (!this.members.hear(beat)) return;
    const member = { info: beat.member, state: beat.state, groups: beat.groups };
    for (const leases of this.groups.values()) leases.hear(member);
  }

  /** Gives up all leases and says goodbye. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.members.leave();
    this.announce('leaving');
    await Promise.all([...this.groups.values()].map((leases) => leases.stop()));
    this.isStopped = true;
    this.stopTick();
    this.announce('left');
  }

  private tick(): void {
    if (this.isStopped) return;
    this.stopTick = this.clock.after(TICK_MS, () => this.tick());
    for (const leases of this.groups.values()) leases.tick();
    if (!this.isWriting && this.clock.now() >= this.nextBeat) void this.beat();
  }

  private async beat(): Promise<void> {
    this.isWriting = true;
    this.nextBeat = this.clock.now() + BEAT_MS;
    try {
      await this.ports.writeMember(this.members.state);
      this.members.wrote();
      // The beat has the newest revisions: another member that takes over needs the last one.
      await Promise.all([...this.groups.values()].map((leases) => leases.renew()));
      if (!this.isStopped) this.announce(this.members.state);
    } catch {
      // The other members take over. The connection reports the reason.
    } finally {
      this.isWriting = false;
    }
  }

  /** Such a member and this one fence each other's writes, but do not share the work by plan. */
  private reportLater({ format, name }: LaterBeat): void {
    this.problems.report(
      `later ${name}`,
      `cluster: the member ${name} speaks a later format, ${format}; this member does not know it, so update this one`,
    );
  }

  private announce(state: MemberState): void {
    const groups = new Map([...this.groups].map(([name, leases]) => [name, leases.beat()]));
    try {
      this.ports.sendBeat(encodeBeat({ member: this.members.self, state, groups }));
    } catch (error) {
      this.log.warn('cluster: the other members are not reached', { error });
    }
  }
}
