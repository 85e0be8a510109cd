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
