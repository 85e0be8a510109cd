import type { VirtualClock } from '../../../test/support/virtual-clock.js';
import { type Clock, sleepOn } from '../../kernel/clock.js';
import { ClusterError } from '../cluster-error.js';
import { Coordinator } from '../coordinator.js';
import type { Leases } from '../leases.js';
import type { ClusterRole } from '../member-info.js';
import type { SharedRecord, SharedRecords } from '../shared-records.js';

/** Records in memory that several members share. */
export class MemoryRecords implements SharedRecords {
  private readonly records = new Map<string, { readonly value: Uint8Array; readonly revision: number }>();
  private sequence = 0;
  isAway = false;

  get(key: string): Promise<SharedRecord> {
    if (this.isAway) return Promise.reject(new ClusterError('CLUSTER_UNAVAILABLE', 'away'));
    return Promise.resolve(this.records.get(key) ?? { value: undefined, revision: 0 });
  }

  put(key: string, value: Uint8Array, revision: number): Promise<number> {
    if (this.isAway) return Promise.reject(new ClusterError('CLUSTER_UNAVAILABLE', 'away'));
    const last = this.records.get(key)?.revision ?? 0;
    if (last === 0 && revision > 0) return Promise.reject(new ClusterError('CLUSTER_RECORD_LOST', 'lost'));
    if (last !== revision) return Promise.reject(new ClusterError('CLUSTER_FENCED', 'fenced'));
    this.records.set(key, { value, revision: ++this.sequence });
    return Promise.resolve(this.sequence);
  }

  keys(): Promise<string[]> {
    return Promise.resolve([...this.records.keys()]);
  }

  /** Writes a record without a condition, as any program could. */
  overwrite(key: string, value: Uint8Array): void {
    this.records.set(key, { value, revision: ++this.sequence });
  }

  clear(): void {
    this.records.clear();
  }
}

/** A process whose timers stand still while it is paused. */
class ProcessClock implements Clock {
  isPaused = false;
  isKilled = false;
  private readonly held: (() => void)[] = [];

  constructor(private readonly base: VirtualClock) {}

  now = (): number => this.base.now();
  wallTime = (): number => this.base.wallTime();
  random = (): number => this.base.random();

  after(ms: number, callback: () => void): () => void {
    return this.base.after(ms, () => {
      if (this.isKilled) return;
      if (this.isPaused) this.held.push(callback);
      else callback();
    });
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  resume(): void {
    this.isPaused = false;
    for (const callback of this.held.splice(0)) callback();
  }
}

/** A member of a cluster in memory. */
export interface TestMember {
  readonly id: string;
  readonly coordinator: Coordinator;
  readonly leases: Leases;
  readonly clock: ProcessClock;
  /** `acquired a`, `release a` and `lost a`, with the time in milliseconds. */
  readonly events: { readonly at: number; readonly what: string }[];
  /** The units whose work runs. */
  readonly working: Set<string>;
  /** Whether its beats reach the others and theirs reach it. */
  isCutOff: boolean;
  /** Ends the work of a unit that is released; set it to hold the release. */
  finish: (unit: string) => Promise<void>;
}

/** Several members that share records and hear each other, on one virtual clock. */
export class ClusterHarness {
  readonly records = new MemoryRecords();
  readonly members: TestMember[] = [];
  readonly lines: string[] = [];

  constructor(private readonly clock: VirtualClock) {}

  /** Starts a member that wants the units. */
  join(id: string, units: readonly string[], role: ClusterRole = 'all'): TestMember {
    const clock = new ProcessClock(this.clock);
    const log = {
      log: (line: string) => this.lines.push(line),
      warn: (line: string) => this.lines.push(line),
    };
    const coordinator = new Coordinator(
      { id, name: id, role, version: '1.0.0', startedAt: 0 },
      {
        leases: this.records,
        writeMember: () => (this.records.isAway ? Promise.reject(new Error('away')) : Promise.resolve()),
        sendBeat: (octets) => {
          for (const other of this.members)
            if (!member.isCutOff && !other.isCutOff && !other.clock.isPaused && !other.clock.isKilled)
              other.coordinator.receive(octets);
        },
      },
      clock,
      log,
    );
    const events: TestMember['events'] = [];
    const working = new Set<string>();
    const note = (what: string, unit: string): void => {
      events.push({ at: this.clock.now(), what: `${what} ${unit}` });
    };
    const leases = coordinator.leases('logs', {
      acquired: (unit) => {
        note('acquired', unit);
        working.add(unit);
      },
      release: async (unit) => {
        note('release', unit);
        await member.finish(unit);
        working.delete(unit);
      },
      lost: (unit) => {
        note('lost', unit);
        working.delete(unit);
      },
    });
    const member: TestMember = {
      id,
      coordinator,
      leases,
      clock,
      events,
      working,
      isCutOff: false,
      finish: () => Promise.resolve(),
    };
    this.members.push(member);
    coordinator.start();
    leases.want(new Set(units));
    return member;
  }

  /** Returns the members whose work of the unit runs. */
  workersOf(unit: string): string[] {
    return this.members
      .filter(({ clock, working }) => !clock.isKilled && working.has(unit))
      .map(({ id }) => id);
  }
}
