import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { TestSystem } from '../src/testing/test-system.js';
import { type ReceivedRequest, WebhookReceiver } from './support/brokers/webhook-receiver.js';
import { range } from './support/range.js';

/** The address of this machine, if its name has one. */
const OWN_ADDRESS = await lookup(hostname()).then(
  ({ address }) => address,
  () => undefined,
);
const WAIT = { timeout: 100_000 };

let system: TestSystem | undefined;
let receiver: WebhookReceiver | undefined;
afterEach(async () => {
  await system?.close();
  await receiver?.stop();
  system = undefined;
  receiver = undefined;
});

/** Starts a server whose log has 10 old entries, with a webhook. */
async function start(keys: Readonly<Record<string, unknown>> = {}): Promise<{
  readonly output: readonly string[];
  append(entries: number): void;
  readonly indices: () => Promise<readonly number[]>;
}> {
  receiver ??= await WebhookReceiver.start();
  const { settings } = receiver;
  system = await TestSystem.start({
    logs: [{ name: 'a', initialEntries: 10 }],
    config: {
      outputs: [{ name: 'soc', ...settings, batch_seconds: 0, timeout_seconds: 60, ...keys }],
    },
  });
  const [log] = system.simulator.logs;
  return {
    output: system.output,
    append: (entries) => {
      log.append(entries);
      log.publish();
    },
    indices: async () => (await receiver!.stored()).map(({ text }) => indexOf(text)),
  };
}

function indexOf(text: Buffer): number {
  return (JSON.parse(text.toString()) as { data: { cert_index: number } }).data.cert_index;
}

function deliveries(requests: readonly ReceivedRequest[]): unknown[] {
  return requests.map(({ headers }) => headers['x-certstream-delivery']);
}

describe('a webhook', () => {
  it.each(['none', 'gzip'])(
    'gets every entry once, in order, over one connection: %s',
    async (compression) => {
      const server = await start({ compression, max_messages: 20, secret: 'very secret key' });
      server.append(50);
      await expect.poll(async () => (await server.indices()).length, WAIT).toBe(50);
      server.append(30);
      await expect.poll(server.indices, WAIT).toEqual(range(10, 90));
      const { requests } = receiver!;
      expect(new Set(requests.map(({ port }) => port)).size).toBe(1);
      expect(new Set(deliveries(requests)).size).toBe(requests.length);
      for (const { url, headers, body } of requests) {
        expect(url).toBe('/hook');
        expect(headers['content-type']).toBe('application/x-ndjson');
        const time = headers['x-certstream-timestamp'] as string;
        expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(600);
        const digest = createHmac('sha256', 'very secret key').update(`${time}.`).update(body).digest('hex');
        expect(headers['x-certstream-signature']).toBe(`sha256=${digest}`);
      }
    },
  );

  it.each([
    ['json_array', 500, 'application/json'],
    ['cloudevents', 500, 'application/cloudevents-batch+json'],
    ['json_lines', 1, 'application/json'],
  ])('writes %s, %i messages each, as %s', async (body, most, type) => {
    const server = await start({ body, max_messages: most });
    server.append(20);
    await expect.poll(server.indices, WAIT).toEqual(range(10, 30));
    expect(receiver!.requests.map(({ headers }) => headers['content-type'])).toContain(type);
    const [{ id }] = await receiver!.stored();
    if (body !== 'json_array') expect(id).toMatch(/^[A-Za-z0-9+/]{43}=:10$/);
  });

  it.each([
    [
      'a status',
      { kind: 'status', status: 500, body: 'broken\nstack trace' },
      'the receiver answers 500: broken stack trace',
    ],
    [
      'a refused login',
      { kind: 'status', status: 401 },
      'the receiver answers 401 (check authorization and secret)',
    ],
    ['a wrong path', { kind: 'status', status: 404 }, 'the receiver answers 404 (check url)'],
    [
      'a redirect',
      { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      'the receiver answers 302 (redirects are not followed; set url to the final address)',
    ],
    [
      'Retry-After in seconds',
      { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
      'the receiver answers 429; it requests a pause of 2 s',
    ],
    [
      'Retry-After of no use',
      { kind: 'status', status: 503, headers: { 'retry-after': 'soon' } },
      'the receiver answers 503',
    ],
    ['a closed connection', { kind: 'reset' }, 'does not answer: '],
    ['an answer that is not HTTP', { kind: 'garbage' }, 'does not answer: Parse Error'],
  ] as const)('repeats the request with the same id after %s, with one line', async (_name, fault, line) => {
    const server = await start();
    receiver!.faults.push(fault);
    server.append(5);
    await expect.poll(server.indices, WAIT).toEqual(range(10, 15));
    const lines = (): string[] => server.output.filter((one) => one.includes('output soc: '));
    expect(lines()).toEqual([expect.stringContaining(line)]);
    expect(new Set(deliveries(receiver!.requests)).size).toBe(1);
  });

  it('repeats what it had stored when the answer was lost', async () => {
    const server = await start();
    receiver!.faults.push({ kind: 'lost-answer' });
    server.append(5);
    await expect.poll(server.indices, WAIT).toEqual([...range(10, 15), ...range(10, 15)]);
    expect(new Set(deliveries(receiver!.requests)).size).toBe(1);
  });

  it('sends again at once, without a line, when the receiver has closed an idle connection', async () => {
    const server = await start();
    receiver!.fault = () => ({ kind: 'closes-after' });
    for (const entries of [5, 5, 5]) {
      const { length } = await server.indices();
      server.append(entries);
      await expect.poll(async () => (await server.indices()).length, WAIT).toBe(length + entries);
    }
    expect(server.output.filter((one) => one.includes('output soc: '))).toEqual([]);
  });

  it.each([true, false])(
    'takes the status of an answer whose body never ends (silent: %s)',
    async (isSilent) => {
      const server = await start();
      receiver!.faults.push({ kind: 'endless-body', isSilent });
      server.append(5);
      await expect.poll(server.indices, WAIT).toEqual(range(10, 15));
      server.append(5);
      await expect.poll(server.indices, WAIT).toEqual(range(10, 20));
      expect(server.output.filter((one) => one.includes('output soc: '))).toEqual([]);
    },
  );

  it('ends a request that is never answered, and repeats it', async () => {
    const server = await start({ timeout_seconds: 1 });
    receiver!.faults.push({ kind: 'silence' });
    server.append(5);
    await expect.poll(async () => [...new Set(await server.indices())], WAIT).toEqual(range(10, 15));
    expect(server.output.join('')).toContain('the delivery was not acknowledged within 1 s');
  });

  it('divides a body that is too large, and writes a message that is too large to the dead letters', async () => {
    receiver = await WebhookReceiver.start();
    const folder = mkdtempSync(join(tmpdir(), 'certstream-webhook-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'dead.jsonl');
    const server = await start({ dead_letter_file: file });
    receiver.fault = ({ body }) => {
      const indices = body
        .toString()
        .trim()
        .split('\n')
        .map((line) => indexOf(Buffer.from(line)));
      return indices.length > 2 || indices.includes(13) ? { kind: 'status', status: 413 } : undefined;
    };
    server.append(10);
    await expect
      .poll(async () => (await server.indices()).toSorted((a, b) => a - b), WAIT)
      .toEqual(range(10, 20).filter((index) => index !== 13));
    await expect.poll(() => server.output.join(''), WAIT).toContain('1 messages are refused');
    expect(readFileSync(file, 'utf8')).toContain('answers 413');
  });

  it('continues after the receiver was down and after it was paused', async () => {
    const server = await start({ timeout_seconds: 2 });
    await receiver!.kill();
    server.append(20);
    await expect.poll(() => server.output.join(''), WAIT).toContain('does not answer: connect ECONNREFUSED');
    await receiver!.restart();
    await expect.poll(async () => [...new Set(await server.indices())], WAIT).toEqual(range(10, 30));
    receiver!.pause();
    server.append(20);
    await expect.poll(() => server.output.join(''), WAIT).toContain('not acknowledged within 2 s');
    receiver!.resume();
    await expect.poll(async () => [...new Set(await server.indices())], WAIT).toEqual(range(10, 50));
  });

  it('never shows secrets in the log, on pages and in metrics, even if the receiver repeats them or does not answer', async () => {
    receiver = await WebhookReceiver.start();
    const secrets = ['authorization-value', 'tenant-value', 'path-token-123456', 'query-token-123456'];
    const server = await start({
      url: `${receiver.url}/path-token-123456?key=query-token-123456`,
      authorization: 'Bearer authorization-value',
      headers: { 'X-Tenant': 'tenant-value' },
      secret: 'signature-value',
    });
    receiver.fault = ({ url, headers }) => ({
      kind: 'status',
      status: 403,
      body: `no: ${headers.authorization} ${headers['x-tenant'] as string} ${url}`,
    });
    server.append(5);
    await expect.poll(() => server.output.join(''), WAIT).toContain('no: *** *** /hook/***?key=***');
    const checkSecrets = async (): Promise<void> => {
      const pages = ['/api/outputs', '/metrics', '/readyz', '/logs', '/api/stats'].map(async (path) =>
        (await system!.get(path)).text(),
      );
      const [outputs, ...others] = await Promise.all(pages);
      expect(outputs).toContain('"name":"soc"');
      const text = [...server.output, outputs, ...others].join('\n');
      for (const secret of [...secrets, 'signature-value']) expect(text).not.toContain(secret);
    };
    await checkSecrets();
    await receiver.kill();
    const lastError = async () => (await system!.get('/api/outputs')).text();
    await expect.poll(lastError, WAIT).toContain('does not answer');
    await checkSecrets();
    expect(receiver.requests[0].headers.authorization).toBe('Bearer authorization-value');
  });

  it.skipIf(OWN_ADDRESS === undefined)(
    'refuses a name that leads to a private address, with one line',
    async () => {
      receiver = await WebhookReceiver.start();
      const url = receiver.url.replace('127.0.0.1', hostname());
      const server = await start({ url, allow_private_addresses: false });
      server.append(5);
      await expect
        .poll(() => server.output.join(''), WAIT)
        .toContain(
          `output soc: ${hostname()} leads to ${OWN_ADDRESS}, which is a private, local or reserved address`,
        );
      expect(receiver.requests).toEqual([]);
    },
  );
});
