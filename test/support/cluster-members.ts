import { expect, onTestFinished, vi } from 'vitest';
import { NatsCluster } from '../../src/cluster/nats-cluster.js';
import type { Leases } from '../../src/cluster/leases.js';
import type { ClusterRole } from '../../src/cluster/member-info.js';
import { clusterSection } from '../../src/config/sections/cluster.js';

/** Time limit for what takes seconds on a quiet machine. */
const WITHIN_MS = 100_000;

/** A member of a cluster in this process. */
export interface JoinedMember {
  readonly cluster: NatsCluster;
  readonly leases: Leases;
  /** The units whose work runs. */
  readonly working: Set<string>;
  /** Lines of its log. */
  readonly lines: string[];
}

export interface JoinOptions {
  readonly units?: readonly string[];
  readonly role?: ClusterRole;
  readonly version?: string;
  /** Keys of the section `cluster`. */
  readonly keys?: Readonly<Record<string, unknown>>;
}

/** Starts a member until the end of the test. */
export async function join(
  servers: readonly string[],
  name: string,
  options: JoinOptions = {},
): Promise<JoinedMember> {
  const { units = [], role = 'all', version = '1.0.0', keys } = options;
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const settings = clusterSection.parse({ servers, name, ...keys });
  const cluster = await NatsCluster.open(settings, { role, version }, { log: note, warn: note });
  onTestFinished(() => cluster.close());
  const working = new Set<string>();
  const leases = cluster.leases('logs', {
    acquired: (unit) => void working.add(unit),
    release: (unit) => Promise.resolve(void working.delete(unit)),
    lost: (unit) => void working.delete(unit),
  });
  leases.want(new Set(units));
  return { cluster, leases, working, lines };
}

/** Each unit is done by exactly one of the members, and all agree which. */
export function areShared(units: readonly string[], members: readonly JoinedMember[]): void {
  expect(members.flatMap(({ working }) => [...working]).sort()).toEqual([...units].sort());
  for (const { leases } of members)
    for (const { working, cluster } of members)
      for (const unit of working) expect(leases.owners().get(unit)).toBe(cluster.self.id);
}

/** Ends a member without a word, as a kill or a cut cable would. */
export async function silence({ cluster }: JoinedMember): Promise<void> {
  await cluster.connection.nats.close();
}

/** Resolves when `check` does not throw, and its promise does not reject. */
export async function eventually(check: () => unknown): Promise<void> {
  await vi.waitFor(check, { timeout: WITHIN_MS, interval: 50 });
}

/** Returns the code of the error, and its message. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no failure';
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code}: ${message}`;
  }
}
