/** What a member does: it follows logs and serves clients, or one of both. */
export type ClusterRole = 'all' | 'ingest' | 'gateway';

/** A process of the cluster. */
export interface MemberInfo {
  /** Differs for each process. */
  readonly id: string;
  /** The name in the configuration; default: the host name. */
  readonly name: string;
  readonly role: ClusterRole;
  readonly version: string;
  /** When the process started, milliseconds since the epoch by its own clock. */
  readonly startedAt: number;
}

/**
 * Returns whether members of two versions can work together during an upgrade: their major versions are the same, and their minor versions
 * the same or neighbours. A text that is not a version (semver.org) can work only with itself.
 */
export function canWorkTogether(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [one, other].map((text) => /^(\d{1,9})\.(\d{1,9})\.\d{1,9}(?:[-+].*)?$/.exec(text));
  if (a === null || b === null) return false;
  return a[1] === b[1] && Math.abs(Number(a[2]) - Number(b[2])) <= 1;
}
