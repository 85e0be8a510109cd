import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** The connection to the nats servers of a cluster. It reconnects by itself, for ever; the objects stay the same. */
export interface StreamConnection {
  readonly nats: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** Settings of the journal of a cluster. `owner`, `inboxPrefix` and `reads` are of this process; all members have the same others. */
export interface StreamSettings {
  /** First token of all subjects; also the name of the stream, in upper case. */
  readonly prefix: string;
  readonly replicas: number;
  /** Octets that the stream may take; above this, the oldest records are dropped. */
  readonly maxBytes: number;
  /** Milliseconds after which a record is dropped. */
  readonly maxAgeMs: number;
  /** Identifies this process. No process that ran before may have had the same one. */
  readonly owner: string;
  /** First tokens of the subjects of answers. */
  readonly inboxPrefix: string;
  /** Whether this process reads the records of all processes; default true. Otherwise its publisher delivers its own records. */
  readonly reads?: boolean;
  /** Octets of memory for the newest records; default 64 MiB. */
  readonly ringBytes?: number;
  /** Shortest time from one publish of a log to the next, milliseconds; default 200. */
  readonly gatherMs?: number;
  /** More than the time within which the lease of a log must be renewed, milliseconds; default 3500. */
  readonly renewalMs?: number;
}
