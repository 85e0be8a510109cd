import type { Clock } from '../kernel/clock.js';
import type { ProblemLogTarget } from '../logging/problem-log.js';
import { LEASE_TTL_MS } from './leases.js';
import type { GroupBeat, MemberBeat, MemberState } from './member-beat.js';
import { canWorkTogether, type ClusterRole, type MemberInfo } from './member-info.js';

/** Time for which a member must have been alive before it takes part, so that nothing moves twice. */
const STABLE_MS = 2000;
const MAX_MEMBERS = 1000;

/** The state of one member as far as this one knows. */
export interface Member {
  readonly info: MemberInfo;
  readonly state: MemberState;
  readonly groups: ReadonlyMap<string, GroupBeat>;
}

interface Heard extends Member {
  /** When its last beat arrived, monotonic milliseconds of this process. */
  readonly at: number;
}

/**
 * Members knows which members are alive: those whose beat this process has heard within {@link LEASE_TTL_MS} by its own monotonic
 * clock. Clocks of different machines are never compared.
 *
 * A member beats only after it could write to the servers. A member that starts, or could not write for a while, is `joining` until it
 * has been alive for a moment.
 */
export class Members {
  private readonly heard = new Map<string, Heard>();
  private aliveSince: number | undefined;
  private lastAlive = -Infinity;
  private isLeaving = false;

  constructor(
    readonly self: MemberInfo,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly log: ProblemLogTarget,
  ) {}

  /** State of this member. */
  get state(): MemberState {
    if (this.isLeaving) return 'leaving';
    const now = this.clock.now();
    if (this.aliveSince === undefined || now - this.lastAlive > LEASE_TTL_MS) return 'joining';
    return now - this.aliveSince >= STABLE_MS ? 'active' : 'joining';
  }

  /** Call it when this member has written to the servers. */
  wrote(): void {
    const now = this.clock.now();
    if (this.aliveSince === undefined || now - this.lastAlive > LEASE_TTL_MS) this.aliveSince = now;
    this.lastAlive = now;
  }

  leave(): void {
    this.isLeaving = true;
  }

  /** Takes the beat of a member. @returns false for a beat of this process. */
  hear({ member, state, groups }: MemberBeat): boolean {
    const { id } = member;
    if (id === this.self.id) return false;
    const isNew = !this.heard.has(id);
    if (state === 'left') {
      if (this.heard.delete(id)) this.log.log(`cluster: the member ${member.name} left`, { id });
      return true;
    }
    if (isNew && this.heard.size >= MAX_MEMBERS) return true;
    this.heard.set(id, { info: member, state, groups, at: this.clock.now() });
    if (isNew) this.welcome(member);
    return true;
  }

  private welcome({ id, name, role, version }: MemberInfo): void {
    this.log.log(`cluster: the member ${name} joined`, { id, role, version });
    const own = this.self.version;
    if (canWorkTogether(own, version)) return;
    this.log.warn(
      `cluster: the member ${name} has version ${version}, and this one ${own}; only versions that are one minor version apart ` +
        'work together, so bring both to the same version, one minor version after another',
      { id },
    );
  }

  /** Returns the other members that are alive, and forgets those that are silent. */
  others(): Member[] {
    const oldest = this.clock.now() - LEASE_TTL_MS;
    for (const [id, { at, info }] of this.heard) {
      if (at > oldest) continue;
      this.heard.delete(id);
      this.log.warn(`cluster: the member ${info.name} is silent`, { id });
    }
    return [...this.heard.values()];
  }

  /** Returns a live member other than this one. */
  other(id: string): Member | undefined {
    return this.others().find(({ info }) => info.id === id);
  }

  /** Returns all live members, ordered by name and id. */
  live(): MemberInfo[] {
    const order = ({ name, id }: MemberInfo): string => `${name}\0${id}`;
    return [this.self, ...this.others().map(({ info }) => info)].sort((a, b) =>
      order(a) < order(b) ? -1 : 1,
    );
  }
}

/** Returns whether members with the role take part in a group. */
export function takesPart(role: ClusterRole, group: 'logs' | 'outputs'): boolean {
  return role === 'all' || role === (group === 'logs' ? 'ingest' : 'gateway');
}
