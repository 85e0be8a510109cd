import type { ClusterConnection } from './cluster-connection.js';
import type { LeaseHandler, Leases } from './leases.js';
import type { MemberInfo } from './member-info.js';
import type { SharedRecords } from './shared-records.js';

export type LeaseGroup = 'logs' | 'outputs';
export type RecordBucket = 'states' | 'outputs';

/** The members of a cluster and what they share. */
export interface Cluster {
  readonly self: MemberInfo;
  /** The connection to the nats servers. Its objects stay the same when it connects again. */
  readonly connection: Pick<ClusterConnection, 'nats' | 'jetstream' | 'manager' | 'newHeaders'>;
  readonly isConnected: boolean;
  /** Returns the live members, this one included, ordered by name and id. */
  members(): readonly MemberInfo[];
  records(bucket: RecordBucket): SharedRecords;
  /** Call it once for each group. A member takes part in `logs` with the role all or ingest, and in `outputs` with all or gateway. */
  leases(group: LeaseGroup, handler: LeaseHandler): Leases;
  /** Returns the units that live members want, each with the id of the member that holds its lease; undefined if none does. */
  units(group: LeaseGroup): ReadonlyMap<string, string | undefined>;
  /**
   * Sends a small report to all members every two seconds.
   * @param value returns a value for JSON. All reports of a member have at most 1 MB.
   */
  publish(topic: string, value: () => unknown): void;
  /** Returns the last report of each other live member, by its id. */
  reports(topic: string): ReadonlyMap<string, unknown>;
  /** Releases all leases, says goodbye to the other members and closes the connection. */
  close(): Promise<void>;
}

/** Injection token of the {@link Cluster}; undefined if the server works alone. */
export const CLUSTER = Symbol('CLUSTER');
