import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Http1Client } from './http1-client.js';

const MAX = 2;
const REQUEST = { headers: {}, timeoutMs: 300_000, maxBytes: 1000 };

let servers: Server[];
let client: Http1Client;
/** Requests without an answer, of all servers. */
let held: ServerResponse[];
let received: number;

beforeEach(async () => {
  held = [];
  received = 0;
  servers = [1, 2, 3].map(() =>
    createServer((_request, response) => {
      received++;
      held.push(response);
    }).listen(0, '127.0.0.1'),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  client = new Http1Client({
    connectionsPerOrigin: 2,
    maxConnections: MAX,
    keepAliveMs: 300_000,
    bodySilenceMs: 300_000,
    proxies: { proxyFor: () => undefined },
  });
});
afterEach(() => {
  client.close();
  for (const server of servers) server.close().closeAllConnections();
});

const urls = (): string[] => servers.map((one) => `http://127.0.0.1:${(one.address() as AddressInfo).port}/`);

it('all origins together get no more connections than the limit, and every request is sent', async () => {
  const answers = [...urls(), ...urls(), ...urls()].map((url) => client.get(url, REQUEST));
  for (let answered = 0; answered < answers.length;) {
    const expected = Math.min(MAX, answers.length - answered);
    await vi.waitFor(() => expect(held).toHaveLength(expected));
    expect(received).toBe(answered + expected);
    for (const response of held.splice(0)) {
      response.end();
      answered++;
    }
  }
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(9).fill(200));
});

it('an idle connection gives way to another origin, and a request that was given up takes no place', async () => {
  const [first, second, third] = urls();
  const give = new AbortController();
  const [one, two] = [client.get(first, REQUEST), client.get(first, REQUEST)];
  await vi.waitFor(() => expect(held).toHaveLength(2));
  const given = client.get(second, { ...REQUEST, signal: give.signal });
  const waiting = client.get(third, REQUEST);
  give.abort();
  await expect(given).rejects.toThrow('given up');
  held.shift()!.end();
  await Promise.race([one, two]);
  await vi.waitFor(() => expect(received).toBe(3));
  for (const response of held) response.end();
  await Promise.all([one, two, waiting]);
});
