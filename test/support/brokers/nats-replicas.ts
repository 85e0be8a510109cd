import { setTimeout as delay } from 'node:timers/promises';
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../../../src/testing/free-port.js';
import { NatsServer } from './nats-server.js';

const VERSION = 'v2.12.15';
const PROGRAM = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  `certstream-server-nest/nats-server-${VERSION}/nats-server`,
);

/** Says how to get the server that the tests with replicas need. */
export const NATS_REPLICAS_MISSING = `nats-server ${VERSION} is missing, so the tests with replicas are skipped; with Go: bash test/support/brokers/fetch-nats-server.sh`;

/** Returns the nats-server that `fetch-nats-server.sh` has built; undefined when there is none. */
export function findNatsWithReplicas(): string | undefined {
  return spawnSync(PROGRAM, ['--version'], { timeout: 60_000 }).status === 0 ? PROGRAM : undefined;
}

/** Three nats-servers that are one cluster with JetStream. */
export class NatsReplicas {
  private constructor(readonly servers: readonly NatsServer[]) {}

  /** @param command what {@link findNatsWithReplicas} returns. */
  static async start(command: string): Promise<NatsReplicas> {
    const ports = [await freePort(), await freePort(), await freePort()];
    const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ');
    const servers = await Promise.all(
      ports.map((port, n) =>
        NatsServer.start(command, {
          config: `server_name: ${nameOf(n)}\ncluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
        }),
      ),
    );
    const replicas = new NatsReplicas(servers);
    await replicas.whenReady();
    return replicas;
  }

  get addresses(): string[] {
    return this.servers.map(({ address }) => address);
  }

  /** Returns the server that leads a stream. */
  async leaderOf(stream: string): Promise<NatsServer> {
    for (;;) {
      const leader = await this.ask(async ({ streams }) => (await streams.info(stream)).cluster?.leader);
      const server = this.servers.find((_, n) => nameOf(n) === leader);
      if (server !== undefined) return server;
      await delay(200);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** Waits until the servers can store a stream with three replicas. */
  private async whenReady(): Promise<void> {
    const name = 'READY';
    await this.ask(async ({ streams }) => {
      await streams.add({ name, subjects: ['ready'], num_replicas: 3 });
      await streams.delete(name);
      return true;
    });
  }

  /** Repeats a request until the servers answer it. */
  private async ask<T>(request: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const nats = await connect({ servers: this.addresses, ignoreClusterUpdates: true, timeout: 5000 });
        try {
          return await request(await jetstreamManager(nats, { checkAPI: false, timeout: 5000 }));
        } finally {
          await nats.close();
        }
      } catch {
        await delay(200);
      }
    }
  }
}

function nameOf(n: number): string {
  return `n${n}`;
}
