import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { AttackedServer } from '../support/attacked-server.js';
import { NameServer, NO_NAME_SERVER } from '../support/name-server.js';
import { range } from '../support/range.js';
import type { TestConfig } from '../../src/testing/test-system.js';

const HANGING = Array.from({ length: 12 }, (_, i) => `hangs-${i}.test`);
const WORKING = ['works-0.test', 'works-1.test'];

if (NO_NAME_SERVER !== undefined) console.log(`test/faults/name-faults.test.ts: skipped, ${NO_NAME_SERVER}`);

describe.skipIf(NO_NAME_SERVER !== undefined)('DNS', () => {
  let names: NameServer;
  let server: AttackedServer | undefined;

  beforeEach(async () => {
    names = await NameServer.start();
    for (const name of WORKING) names.names.set(name, ['127.0.0.1']);
    for (const name of HANGING) names.names.set(name, 'silence');
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    names.close();
  });

  /** The log with the URL that the server uses: its simulator is at `host`. */
  const at = (host: string, { url }: SimulatedLog): { readonly url: string } => ({
    url: url.replace('127.0.0.1', host),
  });

  /** Follows one log at each of the names. Each request uses its own connection. */
  async function follow(hosts: readonly string[]): Promise<AttackedServer> {
    server = await AttackedServer.start({
      logs: WORKING.map((name) => ({ name, listed: false, initialEntries: 10 })),
      wrapper: names.wrapper,
      config: (simulator: CtLogSimulator): TestConfig => ({
        general: {
          additional_logs: hosts.map((host, i) => {
            const log = simulator.log(WORKING[i % 2]);
            const key = log.key.spki.toString('base64');
            return { url: at(host, log).url, operator: host, description: host, key };
          }),
        },
        ct_log: { connection_reuse: false, poll_interval_seconds: 0.25 },
      }),
    });
    return server;
  }

  /** Grows the logs at the working names, and checks that every entry arrives. */
  async function growsTo(size: number): Promise<void> {
    const { simulator } = server!;
    for (const name of WORKING) {
      const log = simulator.log(name);
      log.append(size - log.size);
      log.publish();
    }
    for (const name of WORKING) {
      const log = at(name, simulator.log(name));
      await server!.until(() => server!.of(log).length >= size - 10, `${size} entries of ${name}`);
      expect(server!.of(log)).toEqual(range(10, size));
    }
  }

  async function followed(log: { readonly url: string }): Promise<void> {
    await server!.until(
      async () => (await server!.report(log))['state'] === 'following',
      `${log.url} followed`,
    );
  }

  it('12 names that hang → logs at other names are followed without delay', async () => {
    await follow([...HANGING, ...WORKING]);
    for (const name of WORKING) await followed(at(name, server!.log(name)));
    for (const size of [30, 60, 84]) await growsTo(size);
  });

  it('a resolver that falls silent → logs whose names it has answered continue', async () => {
    await follow(WORKING);
    await growsTo(30);
    for (const name of WORKING) names.names.set(name, 'silence');
    for (const size of [60, 84]) await growsTo(size);
  });

  it('a name that does not exist → the message names it; the log is followed when the name exists', async () => {
    names.names.delete('works-0.test');
    await follow(WORKING);
    await server!.until(() => /the name works-0\.test does not resolve/.test(server!.output), 'the failure');
    names.names.set('works-0.test', ['127.0.0.1']);
    await followed(at('works-0.test', server!.log('works-0.test')));
    await growsTo(30);
  });

  it('a log that moves to another address → it is found there; the message names the old address', async () => {
    names.names.set('works-0.test', ['127.0.0.9']);
    await follow(WORKING);
    const failure = /no connection to works-0\.test: 127\.0\.0\.9 ECONNREFUSED/;
    await server!.until(() => failure.test(server!.output), 'the failure');
    names.names.set('works-0.test', ['127.0.0.1']);
    await followed(at('works-0.test', server!.log('works-0.test')));
    await growsTo(30);
  });
});
