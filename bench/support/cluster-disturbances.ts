import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import type { NatsServer } from '../../test/support/brokers/nats-server.js';
import type { ClusterMember } from './cluster-members.js';

/** Something that happens to a cluster, and its end. */
export interface Disturbance {
  readonly name: string;
  run(): Promise<void>;
}

/** More than the time within which a lease must be renewed. */
const PAUSE_MS = 8000;

/** Returns what may happen to a member or to a nats-server. */
export function disturbances(
  member: ClusterMember,
  server: NatsServer,
  random: SeededRandom,
): readonly Disturbance[] {
  const { name } = member.options;
  const seconds = PAUSE_MS / 1000;
  const { link } = member;
  const cuts: Disturbance[] = [];
  if (link !== undefined)
    cuts.push({
      name: `${name} cut off from the nats-server for ${seconds} s`,
      run: () => link.cut(PAUSE_MS),
    });
  return [
    ...cuts,
    {
      name: `${name} killed`,
      run: async () => {
        await member.kill();
        await delay(2000 * random.next());
        await member.start();
      },
    },
    {
      name: `${name} stopped and started`,
      run: async () => {
        const code = await member.stop();
        if (code !== 0) throw new Error(`${name} ended with ${code}`);
        await member.start();
      },
    },
    { name: `${name} paused for ${seconds} s`, run: () => member.pause(PAUSE_MS) },
    {
      name: 'a nats-server killed',
      run: async () => {
        await server.kill();
        await delay(3000 * random.next());
        await server.restart();
      },
    },
    {
      name: 'a nats-server paused for 4 s',
      run: async () => {
        server.pause();
        await delay(4000);
        server.resume();
      },
    },
  ];
}

/** Returns the outage of all nats-servers at the same time. */
export function outage(servers: readonly NatsServer[], seconds: number): Disturbance {
  return {
    name: `all nats-servers away for ${seconds} s`,
    run: async () => {
      await Promise.all(servers.map((server) => server.kill()));
      await delay(seconds * 1000);
      await Promise.all(servers.map((server) => server.restart()));
    },
  };
}
