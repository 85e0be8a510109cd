import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../kernel/clock.js';
import type { ProblemLogTarget } from '../logging/problem-log.js';
import type { Cluster, LeaseGroup, RecordBucket } from './cluster.js';
import { ClusterConnection, type ConnectionSettings } from './cluster-connection.js';
import { Coordinator } from './coordinator.js';
import { KvBucket } from './kv-bucket.js';
import type { LeaseHandler, Leases } from './leases.js';
import type { MemberInfo } from './member-info.js';
import { Reports } from './reports.js';
import type { SharedRecords } from './shared-records.js';

const REPORT_MS = 2000;
/** Records of members that are gone for so long are removed. */
const MEMBER_AGE_MS = 60 * 60 * 1000;
const ID_OCTETS = 8;

export interface ClusterSettings extends ConnectionSettings {
  readonly prefix: string;
  /** Name of this member; empty for the host name. */
  readonly name: string;
}

interface Buckets extends Record<RecordBucket, KvBucket> {
  readonly leases: KvBucket;
  readonly members: KvBucket;
}

/** The members of a cluster on nats servers with JetStream. */
export class NatsCluster implements Cluster {
  private readonly coordinator: Coordinator;
  private readonly allReports: Reports;
  private stopReports: () => void = () => undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    readonly self: MemberInfo,
    readonly connection: ClusterConnection,
    private readonly buckets: Buckets,
    private readonly around: {
      readonly prefix: string;
      readonly clock: Clock;
      readonly log: ProblemLogTarget;
    },
  ) {
    const { clock, log } = around;
    const { leases, members } = buckets;
    const { nats } = connection;
    this.allReports = new Reports(log);
    this.coordinator = new Coordinator(
      self,
      {
        leases,
        writeMember: (state) => members.set(self.id, Buffer.from(JSON.stringify({ ...self, state }))),
        sendBeat: (octets) => {
          if (connection.isConnected) nats.publish(`${this.subject}.beat.${self.id}`, octets);
        },
      },
      clock,
      log,
    );
    nats.subscribe(`${this.subject}.beat.*`, {
      callback: (error, { data }) => {
        if (error === null) this.coordinator.receive(data);
      },
    });
    nats.subscribe(`${this.subject}.report.*.*`, {
      callback: (error, { subject, data }) => {
        if (error !== null) return;
        const [topic, member] = subject.split('.').slice(-2);
        if (member !== self.id)
          this.allReports.receive(
            topic,
            member,
            data,
            (id) => this.coordinator.members.other(id) !== undefined,
          );
      },
    });
    this.coordinator.start();
    this.sendReports();
  }

  /**
   * Connects to the nats servers, makes the buckets that do not exist and begins to be a member.
   * @throws ClusterError; docs/errors.md lists the codes.
   */
  static async open(
    settings: ClusterSettings,
    { role, version }: Pick<MemberInfo, 'role' | 'version'>,
    log: ProblemLogTarget,
    clock: Clock = systemClock,
  ): Promise<NatsCluster> {
    const self = {
      id: randomBytes(ID_OCTETS).toString('hex'),
      name: settings.name === '' ? hostname() : settings.name,
      role,
      version,
      startedAt: clock.wallTime(),
    };
    const connection = await ClusterConnection.open(settings, self.name, log);
    try {
      const bucket = (name: string, maxAgeMs = 0): KvBucket => {
        const { prefix, replicas } = settings;
        return new KvBucket(connection, self.id, { name: `${prefix}-${name}`, replicas, maxAgeMs }, log);
      };
      const buckets = {
        members: bucket('members', MEMBER_AGE_MS),
        leases: bucket('leases'),
        states: bucket('states'),
        outputs: bucket('outputs'),
      };
      for (const one of Object.values(buckets)) await one.ensure();
      const { id, name } = self;
      const { prefix, servers } = settings;
      log.log(`cluster: this is the member ${name}`, { id, role, prefix, servers });
      return new NatsCluster(self, connection, buckets, { prefix, clock, log });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get isConnected(): boolean {
    return this.connection.isConnected;
  }

  members(): readonly MemberInfo[] {
    return this.coordinator.members.live();
  }

  records(bucket: RecordBucket): SharedRecords {
    return this.buckets[bucket];
  }

  leases(group: LeaseGroup, handler: LeaseHandler): Leases {
    return this.coordinator.leases(group, handler);
  }

  units(group: LeaseGroup): ReadonlyMap<string, string | undefined> {
    return this.coordinator.units(group);
  }

  publish(topic: string, value: () => unknown): void {
    this.allReports.add(topic, value);
  }

  reports(topic: string): ReadonlyMap<string, unknown> {
    this.forgetReports();
    return this.allReports.of(topic);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.coordinator.stop();
    this.stopReports();
    await this.connection.close();
  }

  private get subject(): string {
    return `${this.around.prefix}.cluster`;
  }

  private sendReports(): void {
    this.stopReports = this.around.clock.after(REPORT_MS, () => this.sendReports());
    this.forgetReports();
    const { nats, isConnected } = this.connection;
    const maxPayload = nats.info?.max_payload;
    if (!isConnected || maxPayload === undefined) return;
    for (const [topic, octets] of this.allReports.current(maxPayload))
      nats.publish(`${this.subject}.report.${topic}.${this.self.id}`, octets);
  }

  private forgetReports(): void {
    this.allReports.keepOnly(new Set(this.coordinator.members.others().map(({ info }) => info.id)));
  }
}
