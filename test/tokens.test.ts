import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { loadConfig } from '../src/config/load-config.js';
import { TestSystem } from '../src/testing/test-system.js';

const LITE = 'lite-token-0123456789';
const ALL = 'all+streams/0123456789==';
const WRONG = 'wrong-token-0123456789';
const STREAMS = ['/full-stream', '/', '/domains-only'];

let system: TestSystem;
beforeEach(async () => {
  const { config } = loadConfig({
    searchPaths: [],
    environment: {
      CERTSTREAM_AUTH_TOKENS: JSON.stringify([
        { name: 'lite-only', token: LITE, streams: ['lite'], max_connections: 1 },
        { name: 'all', token_sha256: createHash('sha256').update(ALL).digest('hex') },
      ]),
    },
  });
  system = await TestSystem.start({
    logs: [{ name: 'log' }],
    config: { auth: config.auth, prometheus: { enabled: true, listen_addr: '127.0.0.1' } },
  });
});
afterEach(() => system.close());

async function handshake(path: string, headers: Record<string, string> = {}, protocols: string[] = []) {
  const socket = new WebSocket(system.server.url.replace('http', 'ws') + path, protocols, { headers });
  socket.on('error', () => undefined);
  return Promise.race([
    once(socket, 'open').then(() => ({ status: 101, socket, challenge: undefined })),
    once(socket, 'unexpected-response').then(([, response]) => {
      const { statusCode: status, headers: given } = response as {
        statusCode: number;
        headers: Record<string, string>;
      };
      return { status, socket, challenge: given['www-authenticate'] };
    }),
  ]);
}

const statuses = async (headers: Record<string, string> = {}, query = '', protocols: string[] = []) => {
  const all: number[] = [];
  for (const path of STREAMS) {
    const { status, socket } = await handshake(path + query, headers, protocols);
    all.push(status);
    socket.terminate();
    if (status === 101) await once(socket, 'close');
  }
  return all;
};

it('opens streams to clients with a token for them, sent in any of the three ways', async () => {
  expect(await statuses()).toEqual([401, 401, 401]);
  expect(await statuses({ Authorization: `Bearer ${WRONG}` })).toEqual([401, 401, 401]);
  expect(await statuses({ Authorization: `Basic ${WRONG}` })).toEqual([401, 401, 401]);
  expect(await statuses({ Authorization: `Bearer ${LITE}` })).toEqual([403, 101, 403]);
  expect(await statuses({}, `?token=${LITE}&format=calidog`)).toEqual([403, 101, 403]);
  expect(await statuses({}, `/?token=${encodeURIComponent(ALL)}`)).toEqual([101, 101, 101]);
  const { challenge } = await handshake('/');
  expect(challenge).toBe('Bearer realm="certstream"');
  expect((await handshake(`/?token=${WRONG}`)).challenge).toContain('error="invalid_token"');
});

it('accepts a token as a subprotocol, and selects only the other subprotocol', async () => {
  const protocols = ['certstream', `token.${encodeURIComponent(ALL)}`];
  const { status, socket } = await handshake('/', {}, protocols);
  expect([status, socket.protocol]).toEqual([101, 'certstream']);
  const reversed = await handshake('/', {}, protocols.toReversed());
  expect([reversed.status, reversed.socket.protocol]).toEqual([101, 'certstream']);
  expect(await statuses({}, '', ['certstream', `token.${WRONG}`])).toEqual([401, 401, 401]);
});

it('bounds connections per token with 429 and Retry-After, and logs the name of the token', async () => {
  const first = await handshake(`/?token=${LITE}`);
  expect(first.status).toBe(101);
  expect((await handshake(`/?token=${LITE}`)).status).toBe(429);
  expect((await handshake(`/full-stream?token=${LITE}`)).status).toBe(403);
  const refused = system.output.filter((line) => line.includes('refused'));
  expect(refused).toHaveLength(2);
  for (const line of refused) expect(line).toContain('token=lite-only');
  expect((await handshake(`/?token=${encodeURIComponent(ALL)}`)).status).toBe(101);
  first.socket.terminate();
  await system.eventually(async () => (await handshake(`/?token=${LITE}`)).status === 101, 'the slot');
});

it('protects example pages like their streams and other pages with any token, but not health and metrics', async () => {
  system.simulator.log('log').append(1);
  system.simulator.log('log').publish();
  const get = async (path: string, token?: string) =>
    (await system.get(path, token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }))
      .status;
  await system.eventually(async () => (await get('/latest.json', ALL)) === 200, 'an entry');
  for (const [path, none, lite, all] of [
    ['/full-stream/example.json', 401, 403, 200],
    ['/domains-only/example.json', 401, 403, 200],
    ['/example.json', 401, 200, 200],
    ['/latest.json', 401, 200, 200],
    ['/', 401, 426, 426],
    ['/no-such-page', 401, 404, 404],
    ['/logs', 401, 200, 200],
    ['/healthz', 200, 200, 200],
    ['/readyz', 200, 200, 200],
  ] as const)
    expect([path, await get(path), await get(path, LITE), await get(path, ALL)]).toEqual([
      path,
      none,
      lite,
      all,
    ]);
  expect((await system.get(`/latest.json?token=${LITE}`)).status).toBe(200);
});

it('shows no token in a log line, an answer or a metric', async () => {
  const answers: string[] = [];
  for (const token of [LITE, WRONG, encodeURIComponent(ALL)]) {
    for (const path of ['/', '/no-such-page', '/latest.json', '/%zz', '/healthz/x'])
      answers.push(await (await system.get(`${path}?token=${token}&x=1`)).text());
    for (const path of ['/', '/full-stream', '/no-such-page']) {
      const { socket } = await handshake(`${path}?token=${token}&format=bad`, {
        Authorization: `Bearer ${token}`,
      });
      socket.terminate();
    }
    (await handshake('/', {}, ['certstream', `token.${token}`])).socket.terminate();
  }
  answers.push(await (await system.get(`/metrics?token=${LITE}`)).text());
  const said = [...answers, ...system.output].join('\n');
  const digest = createHash('sha256').update(ALL).digest('hex');
  for (const secret of [LITE, WRONG, ALL, encodeURIComponent(ALL), digest])
    expect(said).not.toContain(secret);
  expect(said).toContain('refusals_total{reason="token_unknown"}');
});
