import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import type { NatsServer } from '../../test/support/brokers/nats-server.js';
import { type Disturbance, disturbances, outage } from './cluster-disturbances.js';
import { ClusterMember, type MemberRole } from './cluster-members.js';
import type { FleetLog, Logs } from './log-fleet.js';
import { ResumeClient } from './resume-client.js';
import type { ServerCommand } from './server-process.js';
import { checkStream } from './stream-check.js';

export interface ClusterTestOptions {
  readonly ingests: number;
  readonly gateways: number;
  /** Members that do both; the simplest deployment. */
  readonly alls: number;
  readonly clients: number;
  /** Number of random disturbances, one after another. */
  readonly events: number;
  /** Disturbances before the random ones. */
  readonly first?: readonly Disturbance[];
  readonly rate: number;
  readonly replicas: number;
  /** Seconds in which all nats-servers are away, at the end; 0 for none. */
  readonly outage: number;
  readonly seed: number;
  readonly print: (line: string) => void;
  /** The disturbances whose names contain this text; default all. */
  readonly only?: string;
  /** Default: the server that was built with the benchmark. */
  readonly command?: ServerCommand;
}

export interface ClusterTestResult {
  readonly mistakes: readonly string[];
  readonly entries: number;
}

/** Entries that each log has before the cluster starts. */
export const CLUSTER_INITIAL = 300;
const STREAM = 'CT';
const BETWEEN_MS = 4000;
const SETTLE_MS = 180_000;

/**
 * Runs the members of a cluster while logs grow, and kills, pauses and stops members and nats-servers. Then every entry must be in the
 * stream exactly once, and at every client exactly once by its cursors, whichever gateway it was connected to.
 */
export class ClusterRun {
  private readonly random: SeededRandom;
  private readonly members: ClusterMember[] = [];
  private readonly clients: ResumeClient[] = [];
  private readonly address = { url: '', run: 1 };
  /** When the newest entry of each log came to a client, and the longest time between two, milliseconds. */
  private readonly arrivals = new Map<string, number>();
  private silence = { ms: 0, url: '' };
  private watched: number | undefined;
  private readonly takeovers: { readonly name: string; readonly ms: number }[] = [];

  constructor(
    private readonly options: ClusterTestOptions,
    private readonly logs: Logs,
    private readonly servers: readonly NatsServer[],
  ) {
    this.random = new SeededRandom(options.seed);
  }

  async run(): Promise<ClusterTestResult> {
    const { options, logs } = this;
    await this.startMembers();
    const stop = new AbortController();
    const reading = this.startClients(stop.signal);
    await logs.send({ do: 'grow' });
    const { first = [], events } = options;
    for (let event = 0; event < first.length + events; event++) {
      await delay(BETWEEN_MS * (0.5 + this.random.next()));
      await this.disturb(first[event] ?? this.pick(this.fitting()));
    }
    if (options.outage > 0) await this.disturb(outage(this.servers, options.outage));
    await delay(BETWEEN_MS);
    const { logs: grown } = await logs.send({ do: 'stop-growing' });
    await this.settle(grown);
    stop.abort();
    await Promise.all(reading);
    return this.check(grown);
  }

  end(areFilesKept: boolean): Promise<void> {
    return ClusterMember.endAll(this.members, areFilesKept ? this.options.print : undefined);
  }

  private async startMembers(): Promise<void> {
    const { ingests, gateways, alls, replicas, command } = this.options;
    const wanted: [MemberRole, number][] = [
      ['all', alls],
      ['ingest', ingests],
      ['gateway', gateways],
    ];
    for (const [role, count] of wanted) {
      for (let n = 0; n < count; n++) {
        const nats = this.servers.map(({ address }) => address);
        const name = `${role}-${n}`;
        this.members.push(
          await ClusterMember.prepare(this.logs.ready, {
            name,
            role,
            nats,
            replicas,
            shardBy: 'log',
            command,
          }),
        );
      }
    }
    await Promise.all(this.members.map((member) => member.start()));
    const gateway = this.gateway();
    // The first entries of all logs are after their first heads. The reports of the other members come a moment later.
    const { logs: all } = await this.logs.send({ do: 'report' });
    await this.until(async () => this.follows(await gateway.read('/logs'), all.length));
    this.address.url = gateway.url;
  }

  /** Whether all logs are followed by some member. @param body the answer of `/logs`. */
  private follows(body: string | undefined, count: number): boolean {
    if (body === undefined) return false;
    const { logs } = JSON.parse(body) as { readonly logs: readonly { readonly state: string }[] };
    return logs.length === count && logs.every(({ state }) => state === 'following');
  }

  private startClients(signal: AbortSignal): Promise<void>[] {
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    return Array.from({ length: this.options.clients }, async (_, n) => {
      const client = new ResumeClient(
        { name: `client ${n}`, path: '/', isWhole: false },
        this.address,
        this.random,
      );
      client.onArrival = (url) => this.note(url);
      this.clients.push(client);
      while (!signal.aborted) {
        this.address.url = this.gateway().url;
        await client.readUntilClosed(Promise.race([stopped, delay(10_000 * (0.5 + this.random.next()))]));
      }
    });
  }

  private gateway(): ClusterMember {
    return this.pick(this.members.filter(({ hasStreams }) => hasStreams));
  }

  private note(url: string): void {
    const now = performance.now();
    const last = this.arrivals.get(url) ?? this.watched;
    if (last !== undefined && now - last > this.silence.ms) this.silence = { ms: now - last, url };
    this.arrivals.set(url, now);
  }

  private fitting(): Disturbance[] {
    const { only = '' } = this.options;
    for (;;) {
      const member = this.pick(this.members);
      const server = this.pick(this.servers);
      const fitting = disturbances(member, server, this.random).filter(({ name }) => name.includes(only));
      if (fitting.length > 0) return fitting;
    }
  }

  /** Runs a disturbance and prints the longest silence of a log until every log is heard again. */
  private async disturb(disturbance: Disturbance): Promise<void> {
    const { name } = disturbance;
    const began = performance.now();
    this.silence = { ms: 0, url: '' };
    await disturbance.run();
    const ended = performance.now();
    await this.until(() => Promise.resolve([...this.arrivals.values()].every((at) => at > ended)));
    this.takeovers.push({ name, ms: this.silence.ms });
    const { print } = this.options;
    print(
      `${((began - this.start) / 1000).toFixed(1).padStart(6)} s  ${name}; longest silence of a log ${(this.silence.ms / 1000).toFixed(1)} s`,
    );
  }

  private readonly start = performance.now();

  private async settle(logs: readonly FleetLog[]): Promise<void> {
    const isComplete = (): boolean =>
      this.clients.every((client) => logs.every(({ url, size }) => client.has(url, size - 1)));
    const until = performance.now() + SETTLE_MS;
    while (!isComplete() && performance.now() < until) await delay(200);
  }

  private async check(logs: readonly FleetLog[]): Promise<ClusterTestResult> {
    const { print } = this.options;
    const stream = await checkStream(
      this.servers.map(({ address }) => address),
      STREAM,
    );
    const mistakes = [...stream.mistakes, ...this.clients.flatMap((client) => client.mistakes)];
    const entries = logs.reduce((sum, { size }) => sum + size - CLUSTER_INITIAL, 0);
    const streamed = stream.logs.reduce((sum, { first, next }) => sum + next - first, 0);
    if (stream.logs.length !== logs.length || streamed !== entries)
      mistakes.push(`the stream has ${streamed} of ${entries} entries, of ${stream.logs.length} logs`);
    for (const { subject, first } of stream.logs)
      if (first !== CLUSTER_INITIAL)
        mistakes.push(`${subject} begins at ${first}, not at ${CLUSTER_INITIAL}`);
    for (const client of this.clients) {
      let missing = 0;
      for (const { url, size } of logs)
        for (let index = CLUSTER_INITIAL; index < size; index++) if (!client.has(url, index)) missing++;
      if (missing > 0) mistakes.push(`${client.options.name}: ${missing} of ${entries} entries are missing`);
    }
    mistakes.push(...(await this.unverified(logs)));
    const worst = this.takeovers.reduce((a, b) => (b.ms > a.ms ? b : a), { name: 'none', ms: 0 });
    print(
      `${entries} entries; ${streamed} in the stream, in ${stream.logs.reduce((n, { frames }) => n + frames, 0)} records`,
    );
    print(`longest silence of a log: ${(worst.ms / 1000).toFixed(1)} s (${worst.name})`);
    for (const mistake of mistakes.slice(0, 20)) print(`WRONG: ${mistake}`);
    print(
      mistakes.length === 0
        ? 'every entry once in the stream and at every client'
        : `${mistakes.length} mistakes`,
    );
    return { mistakes, entries };
  }

  /** Waits until all trees are verified up to their heads, by whichever member follows each log. */
  private async unverified(logs: readonly FleetLog[]): Promise<string[]> {
    const sizes = new Map(logs.map(({ url, size }) => [url, size]));
    let behind: string[] = ['no member answers'];
    const until = performance.now() + SETTLE_MS / 3;
    while (behind.length > 0 && performance.now() < until) {
      await delay(500);
      const body = await this.gateway().read('/logs');
      if (body === undefined) continue;
      const { logs: reports } = JSON.parse(body) as {
        readonly logs: readonly { readonly url: string; readonly verified_index?: number | null }[];
      };
      behind = reports
        .filter((report) => report.verified_index !== sizes.get(report.url.replace(/\/+$/, '')))
        .map(({ url, verified_index: size }) => `${url} is verified up to ${size}`);
    }
    return behind;
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random.next() * items.length)];
  }

  private async until(isReached: () => Promise<boolean>): Promise<void> {
    const limit = performance.now() + SETTLE_MS;
    while (!(await isReached())) {
      if (performance.now() > limit) throw new Error('the cluster does not recover');
      await delay(100);
    }
  }
}
