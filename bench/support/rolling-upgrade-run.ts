import { setTimeout as delay } from 'node:timers/promises';
import type { NatsServer } from '../../test/support/brokers/nats-server.js';
import { ClusterMember, type MemberRole } from './cluster-members.js';
import { CLUSTER_INITIAL } from './cluster-run.js';
import type { FleetLog, Logs } from './log-fleet.js';
import type { VersionCopy } from './next-version.js';
import { percentile } from './percentiles.js';
import type { ServerCommand } from './server-process.js';
import type { ClientTally, WantedEntries } from './stock-clients.js';
import { TcpBalancer } from './tcp-balancer.js';
import { UpgradeClients } from './upgrade-clients.js';

export interface RollingUpgradeOptions {
  /** Number of members by role. */
  readonly alls: number;
  readonly ingests: number;
  readonly gateways: number;
  /** Number of clients of each kind. */
  readonly clients: number;
  /** Seconds between two members. */
  readonly pause: number;
  readonly from: ServerCommand;
  readonly to: VersionCopy;
  readonly print: (line: string) => void;
}

const SETTLE_MS = 120_000;

/**
 * Replaces the members of a cluster one after another while stock clients are connected to them over a load balancer, and counts what the
 * clients lose. An EventSource must lose nothing and get nothing twice.
 */
export class RollingUpgradeRun {
  private readonly members: ClusterMember[] = [];
  private readonly began = performance.now();

  constructor(
    private readonly options: RollingUpgradeOptions,
    private readonly logs: Logs,
    private readonly nats: NatsServer,
  ) {}

  /** @returns one sentence for each promise that was broken. */
  async run(): Promise<string[]> {
    const { logs, options } = this;
    const { clients: count, pause } = options;
    await this.startMembers();
    const ports = this.members.filter(({ hasStreams }) => hasStreams).map(({ files }) => files.port);
    const balancer = await TcpBalancer.start(ports);
    const clients = await UpgradeClients.start({ url: balancer.url, eventSources: count, webSockets: count });
    try {
      const allOpen = async (): Promise<boolean> => (await clients.countOpen()) === 2 * count;
      await this.until(allOpen, 'all clients to connect');
      this.print(`${2 * count} clients are connected`);
      await logs.send({ do: 'grow' });
      await delay(pause * 1000);
      const mistakes: string[] = [];
      for (const member of this.members) {
        mistakes.push(...(await this.replace(member)));
        await delay(pause * 1000);
      }
      await this.until(allOpen, 'all clients to connect again').catch((error: Error) =>
        mistakes.push(error.message),
      );
      await delay(pause * 1000);
      const { logs: grown } = await logs.send({ do: 'stop-growing' });
      const wanted = grown.map(wantedOf);
      const isComplete = async (): Promise<boolean> =>
        (await clients.tally(wanted)).eventSources.every(({ lost }) => lost === 0);
      await this.until(isComplete, 'every EventSource to have every entry').catch((error: Error) =>
        mistakes.push(error.message),
      );
      const tallies = await clients.tally(wanted);
      const entries = wanted.reduce((sum, { from, to }) => sum + to - from, 0);
      this.print(`${entries} entries`);
      this.report(tallies.eventSources, tallies.webSockets, entries);
      return [...mistakes, ...mistakesOf(tallies.eventSources, 'EventSource')];
    } finally {
      await clients.stop();
      await balancer.stop();
    }
  }

  end(areFilesKept: boolean): Promise<void> {
    return ClusterMember.endAll(this.members, areFilesKept ? this.options.print : undefined);
  }

  private async startMembers(): Promise<void> {
    const { alls, ingests, gateways, from } = this.options;
    const roles: MemberRole[] = [
      ...Array.from({ length: alls }, () => 'all' as const),
      ...Array.from({ length: ingests }, () => 'ingest' as const),
      ...Array.from({ length: gateways }, () => 'gateway' as const),
    ];
    for (const [n, role] of roles.entries()) {
      const name = `${role}-${n}`;
      const nats = [this.nats.address];
      this.members.push(
        await ClusterMember.prepare(this.logs.ready, {
          name,
          role,
          nats,
          replicas: 1,
          shardBy: 'log',
          command: from,
        }),
      );
    }
    await Promise.all(this.members.map((member) => member.start()));
    for (const member of this.members) await this.isReady(member);
    await this.until(() => this.followsAll(), 'all logs to be followed');
  }

  /** Replaces one member, as an init system or Kubernetes would. */
  private async replace(member: ClusterMember): Promise<string[]> {
    const { name } = member.options;
    const stopping = performance.now();
    const code = await member.stop();
    const starting = performance.now();
    await member.start(this.options.to.command);
    await this.isReady(member);
    const stopped = ((starting - stopping) / 1000).toFixed(1);
    const started = ((performance.now() - starting) / 1000).toFixed(1);
    this.print(
      `${name} replaced: it ended ${stopped} s after SIGTERM, and was ready ${started} s after its start`,
    );
    return code === 0 ? [] : [`${name} ended with ${code}`];
  }

  private isReady(member: ClusterMember): Promise<void> {
    return this.until(
      async () => (await member.read('/readyz')) !== undefined,
      `${member.options.name} to be ready`,
    );
  }

  private async followsAll(): Promise<boolean> {
    const body = await this.members[0].read('/logs');
    if (body === undefined) return false;
    const { logs } = JSON.parse(body) as { readonly logs: readonly { readonly state: string }[] };
    const { logs: all } = await this.logs.send({ do: 'report' });
    return logs.length === all.length && logs.every(({ state }) => state === 'following');
  }

  private report(
    eventSources: readonly ClientTally[],
    webSockets: readonly ClientTally[],
    entries: number,
  ): void {
    const { print } = this.options;
    const columns = [22, 13, 16, 24, 12];
    const line = (...cells: string[]): void =>
      print(cells.map((cell, n) => (n === 0 ? cell.padEnd(columns[0]) : cell.padStart(columns[n]))).join(''));
    line('clients', 'reconnects', 'longest away', 'lost: median, most', 'got twice');
    const row = (name: string, tallies: readonly ClientTally[]): void => {
      const lost = tallies.map((tally) => tally.lost).sort((a, b) => a - b);
      const sum = (value: (tally: ClientTally) => number): number =>
        tallies.reduce((total, tally) => total + value(tally), 0);
      const away = Math.max(...tallies.map(({ longestAwayMs }) => longestAwayMs)) / 1000;
      line(
        `${tallies.length} ${name}`,
        String(sum(({ connections }) => connections - 1)),
        `${away.toFixed(1)} s`,
        `${percentile(lost, 0.5)}, ${lost.at(-1)} of ${entries}`,
        String(sum(({ twice }) => twice)),
      );
    };
    row('EventSource', eventSources);
    row('WebSocket', webSockets);
  }

  private print(text: string): void {
    this.options.print(`${((performance.now() - this.began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  }

  private async until(isReached: () => Promise<boolean>, what: string): Promise<void> {
    const limit = performance.now() + SETTLE_MS;
    while (!(await isReached())) {
      if (performance.now() > limit) throw new Error(`waited ${SETTLE_MS / 1000} s for ${what}`);
      await delay(200);
    }
  }
}

function wantedOf({ url, size }: FleetLog): WantedEntries {
  return { url, from: CLUSTER_INITIAL, to: size };
}

function mistakesOf(tallies: readonly ClientTally[], name: string): string[] {
  return tallies.flatMap(({ lost, twice, gaps, gaveUp }, n) => {
    if (lost + twice + gaps === 0 && gaveUp === undefined) return [];
    const end = gaveUp === undefined ? '' : `, and gave up with ${gaveUp}`;
    return [`${name} ${n} lost ${lost} entries, got ${twice} twice, had ${gaps} gap messages${end}`];
  });
}
