import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { AttackedServer } from '../support/attacked-server.js';
import { NameServer, NO_NAME_SERVER } from '../support/name-server.js';
import { SlowDoor } from '../support/slow-door.js';
import { range } from '../support/range.js';

if (NO_NAME_SERVER !== undefined)
  console.log(`test/faults/address-faults.test.ts: skipped, ${NO_NAME_SERVER}`);

describe.skipIf(NO_NAME_SERVER !== undefined)('addresses of a log', () => {
  let names: NameServer;
  let doors: SlowDoor[];
  let server: AttackedServer;
  /** The log with the URL that the server uses. */
  let seen: { readonly url: string };

  beforeEach(async () => {
    names = await NameServer.start();
    doors = [];
  });
  afterEach(async () => {
    await server.close();
    for (const door of doors) door.close();
    names.close();
  });

  /** Follows a log at the URL that `urlOf` returns. */
  async function follow(
    urlOf: (log: SimulatedLog) => string,
    { ct_log = {}, env = {} }: { ct_log?: Record<string, unknown>; env?: Record<string, string> } = {},
  ): Promise<void> {
    server = await AttackedServer.start({
      logs: [{ name: 'named', listed: false, initialEntries: 10 }],
      wrapper: names.wrapper,
      env,
      config: (simulator) => {
        const log = simulator.log('named');
        for (const door of doors) door.leadTo(Number(new URL(log.url).port));
        seen = { url: urlOf(log) };
        const key = log.key.spki.toString('base64');
        return {
          general: { additional_logs: [{ ...seen, operator: 'Named', description: 'named', key }] },
          ct_log: { poll_interval_seconds: 0.25, ...ct_log },
        };
      },
    });
  }

  async function expectAllEntries(): Promise<void> {
    await server.until(
      async () => (await server.report(seen))['state'] === 'following',
      'the log to be followed',
    );
    const log = server.log('named');
    log.append(20);
    log.publish();
    await server.until(() => server.of(seen).length >= 20, 'the entries');
    expect(server.of(seen)).toEqual(range(10, 30));
  }

  it('20 addresses that do not answer before one that works → they are skipped', async () => {
    const dead = Array.from({ length: 20 }, (_, i) => `127.0.0.${i + 2}`);
    // The server must try the addresses in parallel: one request for each would take ten minutes.
    await follow(({ url }) => url.replace('127.0.0.1', 'dead.test'), {
      ct_log: { connection_reuse: false },
    });
    const port = Number(new URL(server.simulator.url).port);
    doors.push(await SlowDoor.start(dead, port));
    // getaddrinfo sorts addresses that resemble the address of this machine, 127.0.0.1, before others.
    const working = await SlowDoor.start(['127.9.9.9'], port);
    doors.push(working);
    working.leadTo(port);
    working.open();
    names.names.set('dead.test', [...dead, '127.9.9.9']);
    await expectAllEntries();
  });

  describe('an address without route and one whose handshake takes seconds', () => {
    let door: SlowDoor;

    beforeEach(async () => {
      door = await SlowDoor.start();
      doors.push(door);
      names.names.set('slow.test', ['127.0.0.1', '2001:db8::1']);
      names.names.set('works.test', ['127.0.0.1']);
    });

    it('directly → the server connects at the first try', async () => {
      await follow(({ url }) => url.replace(/127\.0\.0\.1:\d+/, `slow.test:${door.port}`));
      await connects();
    });

    it('through a proxy → the server connects at the first try', async () => {
      const env = { http_proxy: `http://slow.test:${door.port}`, no_proxy: '127.0.0.1' };
      await follow(({ url }) => url.replace('127.0.0.1', 'works.test'), { env });
      await connects();
    });

    async function connects(): Promise<void> {
      // The handshake takes this long.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      door.open();
      await expectAllEntries();
      expect(server.output).not.toMatch(/CT_NETWORK|CT_TIMEOUT|ETIMEDOUT/);
    }
  });
});
