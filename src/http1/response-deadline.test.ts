import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { Http1Client } from './http1-client.js';
import { ResponseDeadline } from './response-deadline.js';

/** An HTTP server that answers "ok", counts its answers in the shared memory `workerData`, and posts its port. */
const SERVER = `const { parentPort, workerData } = require('node:worker_threads');
  require('node:http').createServer((_, response) => {
    response.on('finish', () => {
      Atomics.add(workerData, 0, 1);
      Atomics.notify(workerData, 0);
    });
    response.end('ok');
  }).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });`;

it(`${ResponseDeadline.name} accepts a response that arrived in time while the event loop was busy`, async () => {
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(SERVER, { eval: true, workerData: answers });
  const client = new Http1Client({
    connectionsPerOrigin: 1,
    keepAliveMs: 60_000,
    bodySilenceMs: 60_000,
    proxies: { proxyFor: () => undefined },
  });
  try {
    const [port] = (await once(worker, 'message')) as [number];
    const get = (timeoutMs: number) =>
      client.get(`http://127.0.0.1:${port}/`, { headers: {}, maxBytes: 100, timeoutMs });
    await get(60_000);
    // The second request needs no new connection, so it is sent before the event loop is busy.
    const timeoutMs = 200;
    const response = get(timeoutMs);
    Atomics.wait(answers, 0, 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
    expect(String((await response).body)).toBe('ok');
  } finally {
    client.close();
    await worker.terminate();
  }
});
