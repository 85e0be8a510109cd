import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ServerResponse } from 'node:http';
import { TestProxy } from '../../src/http1/testing/test-proxy.js';
import { LogIndices } from '../support/log-indices.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';

const INITIAL = 10;
const GROWN = 10;

/** How the proxy handles every request while the fault lasts. */
const FAULTS: Record<string, (response: ServerResponse) => unknown> = {
  'answers 407': (response) => response.writeHead(407).end(),
  'answers 502': (response) => response.writeHead(502).end('<html>'),
  'answers garbage': ({ socket }) => socket?.end('SSH-2.0-OpenSSH\r\n\r\n'),
  'breaks off in the head': ({ socket }) => socket?.end('HTTP/1.1 200 OK\r\ncontent-le'),
  'breaks off in the body': ({ socket }) => socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
  'does not answer': () => undefined,
};

describe('a proxy in front of every log', () => {
  let proxy: TestProxy;
  let system: TestSystem;
  let indices: LogIndices;
  let size = INITIAL;

  beforeAll(async () => {
    const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`;
    proxy = await TestProxy.start({ authorization });
    vi.stubEnv('http_proxy', proxy.url.replace('//', '//user:secret@'));
    vi.stubEnv('no_proxy', '');
    const logs = [
      { name: 'page', initialEntries: INITIAL },
      { name: 'tile', type: 'tiled' as const, initialEntries: INITIAL },
    ];
    const config = { ct_log: { poll_interval_seconds: 0.25, request_timeout_seconds: 2 } };
    system = await TestSystem.start({ logs, config });
    indices = new LogIndices(await system.connect('/'));
  });

  afterAll(async () => {
    await system?.close();
    await proxy?.stop();
    vi.unstubAllEnvs();
  });

  function grow(): void {
    const { logs } = system.simulator;
    for (const log of logs) {
      log.append(GROWN);
      log.publish();
    }
    size += GROWN;
  }

  async function expectAllEntries(): Promise<void> {
    const { logs } = system.simulator;
    await indices.upTo(size, ...logs);
    for (const log of logs) expect(indices.of(log)).toEqual(range(INITIAL, size));
  }

  it('receives the requests for every log', async () => {
    grow();
    await expectAllEntries();
    const hosts = system.simulator.logs.map(({ url }) => new URL(url).host);
    for (const host of hosts)
      expect(proxy.requests.some((line) => line.includes(`GET http://${host}/`))).toBe(true);
  });

  it.each(Object.keys(FAULTS))(`%s → ${NOTHING_LOST}`, async (fault) => {
    const failed = new Promise<void>((resolve) => {
      proxy.onRequest = (response) => {
        FAULTS[fault](response);
        resolve();
      };
    });
    grow();
    await failed;
    const retried = proxy.requests.length + 2;
    await system.eventually(() => proxy.requests.length >= retried, 'another try');
    proxy.onRequest = undefined;
    await expectAllEntries();
  });

  it(`goes away and comes back → ${NOTHING_LOST}; no line of the log output contains its password`, async () => {
    const { port } = proxy;
    await proxy.stop();
    grow();
    await system.eventually(
      () => system.output.some((line) => line.includes(`127.0.0.1 ECONNREFUSED`)),
      'the refused connection to be reported',
    );
    await proxy.listen(port);
    await expectAllEntries();
    expect(system.output.join('\n')).not.toContain('secret');
  });
});
