import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServerCertificate } from '../../src/simulator/server-certificate.js';
import { freePort } from '../../src/testing/free-port.js';
import { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { PROXY_NAMES, ReverseProxy } from '../support/reverse-proxy.js';

const HOST = 'certstream.example.com';
const PROXY = '127.0.0.1';
/** The server admits this client, and the proxies for their health checks. */
const CLIENT = '127.0.0.2';
const STRANGER = '127.0.0.3';
/** Headers with which a client claims an address. */
const claim = (address: string): Record<string, string> => ({
  'X-Forwarded-For': address,
  'X-Real-IP': address,
  'True-Client-IP': address,
  Forwarded: `for=${address}`,
});
/** A quiet stream stays open for two minutes: longer than the time limits of the configurations. */
const QUIET_PINGS = 4;
const QUIET_MS = 240_000;

let system: TestSystem;
let caPem: string;
const proxies: ReverseProxy[] = [];

beforeAll(async () => {
  const serverPort = await freePort();
  system = await TestSystem.start({
    logs: [{ name: 'log' }],
    config: {
      webserver: {
        listen_addr: PROXY,
        listen_port: serverPort,
        real_ip: true,
        trusted_proxies: [PROXY],
        whitelist: [PROXY, CLIENT],
      },
    },
  });
  const certificate = createServerCertificate([HOST]);
  ({ caPem } = certificate);
  const files = {
    cert: join(system.folder, 'cert.pem'),
    key: join(system.folder, 'key.pem'),
    certAndKey: join(system.folder, 'cert-and-key.pem'),
  };
  writeFileSync(files.cert, certificate.certPem);
  writeFileSync(files.key, certificate.keyPem);
  writeFileSync(files.certAndKey, certificate.certPem + certificate.keyPem);
  for (const name of PROXY_NAMES) {
    const [httpPort, httpsPort] = [await freePort(), await freePort()];
    const folder = join(system.folder, name);
    const proxy = ReverseProxy.start(name, { folder, httpPort, httpsPort, serverPort, ...files });
    if (proxy !== undefined) proxies.push(proxy);
  }
  await Promise.all(proxies.map((proxy) => isHealthy(proxy)));
});

afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await system.close();
});

const tls = () => ({ host: PROXY, servername: HOST, ca: caPem });

interface Asked {
  readonly from?: string;
  readonly headers?: Record<string, string>;
}

/** Requests a page over a proxy. @returns the answer, whose body is not read yet. */
async function open(
  proxy: ReverseProxy,
  path: string,
  { from = CLIENT, headers }: Asked = {},
): Promise<IncomingMessage> {
  const asked = request({
    ...tls(),
    path,
    port: proxy.place.httpsPort,
    localAddress: from,
    headers: { ...headers, Host: HOST },
    agent: false,
  });
  const answered = once(asked, 'response');
  asked.end();
  const [answer] = (await answered) as [IncomingMessage];
  return answer.setEncoding('utf8');
}

async function statusOf(proxy: ReverseProxy, path: string, asked?: Asked): Promise<number> {
  const answer = await open(proxy, path, asked);
  answer.destroy();
  return answer.statusCode!;
}

function isHealthy(proxy: ReverseProxy): Promise<void> {
  return system.eventually(async () => {
    if (proxy.hasEnded) throw new Error(`${proxy.name} ended: ${proxy.output}`);
    return (await statusOf(proxy, '/healthz').catch(() => 0)) === 200;
  }, `${proxy.name} to pass /healthz on: ${proxy.output}`);
}

function connect(proxy: ReverseProxy, path: string): Promise<StreamReader> {
  const options = { ...tls(), localAddress: CLIENT, headers: { Host: HOST } };
  return StreamReader.connect(`wss://${PROXY}:${proxy.place.httpsPort}${path}`, options);
}

/** The text of an event stream so far. */
class Events {
  text = '';

  constructor(private readonly answer: IncomingMessage) {
    answer.on('data', (text: string) => (this.text += text));
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.answer.closed) throw new Error(`the event stream ended after ${this.text}`);
      await Promise.race([once(this.answer, 'data'), once(this.answer, 'close')]);
    }
  }

  close(): void {
    this.answer.destroy();
  }
}

function publish(): void {
  const log = system.simulator.log('log');
  log.append(1);
  log.publish();
}

describe('the configurations of deploy/proxies', () => {
  it('pass the streams on at once', async () => {
    for (const proxy of proxies) {
      const reader = await connect(proxy, '/full-stream');
      const events = new Events(await open(proxy, '/sse?stream=domains'));
      await events.until(/^id: /m);
      publish();
      await reader.until(({ frames }) => frames.length === 1, `the WebSocket message over ${proxy.name}`);
      await events.until(/^data: \{"data":\[/m);
      events.close();
      await reader.close();
    }
  });

  it('tell the server the address of the client, and drop the addresses that the client claims', async () => {
    for (const proxy of proxies) {
      expect(await statusOf(proxy, '/latest.json'), proxy.name).toBe(200);
      expect(await statusOf(proxy, '/latest.json', { headers: claim(STRANGER) }), proxy.name).toBe(200);
      expect(await statusOf(proxy, '/latest.json', { from: STRANGER }), proxy.name).toBe(403);
      const forged = { from: STRANGER, headers: claim(CLIENT) };
      expect(await statusOf(proxy, '/latest.json', forged), proxy.name).toBe(403);
    }
  });

  it('lead from HTTP to HTTPS', async () => {
    for (const proxy of proxies) {
      const { httpPort: port } = proxy.place;
      const asked = httpRequest({
        host: PROXY,
        port,
        path: '/healthz',
        headers: { Host: HOST },
        agent: false,
      }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.destroy();
      expect([301, 308], proxy.name).toContain(answer.statusCode);
      expect(answer.headers.location, proxy.name).toMatch(
        /^https:\/\/certstream\.example\.com(:\d+)?\/healthz$/,
      );
    }
  });

  it(
    'keep quiet streams open',
    async () => {
      const quiet = async (proxy: ReverseProxy): Promise<void> => {
        const filter = 'domain=nothing.invalid';
        const reader = await connect(proxy, `/?${filter}`);
        const events = new Events(await open(proxy, `/sse?${filter}`));
        for (let ping = 0; ping < QUIET_PINGS; ping++)
          await Promise.race([
            once(reader.socket, 'ping'),
            reader.closed.then(({ code }) => Promise.reject(new Error(`${proxy.name} closed with ${code}`))),
          ]);
        await events.until(/(: heartbeat[^]*){4}/);
        reader.socket.send('{"op":"subscribe","filter":null}');
        await reader.until(({ frames }) => frames.length === 1);
        publish();
        await reader.until(({ frames }) => frames.length === 2);
        events.close();
        await reader.close();
      };
      await Promise.all(proxies.map(quiet));
    },
    QUIET_MS,
  );

  it('use the server again after its restart', async () => {
    await system.server.stop();
    for (const proxy of proxies) expect([502, 503], proxy.name).toContain(await statusOf(proxy, '/healthz'));
    await system.startServer();
    await Promise.all(proxies.map((proxy) => isHealthy(proxy)));
    await system.following();
    for (const proxy of proxies) await (await connect(proxy, '/')).close();
  });
});
