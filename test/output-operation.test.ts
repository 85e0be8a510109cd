import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Outputs } from '../src/public-api.js';
import { freePort } from '../src/testing/free-port.js';
import { TestSystem } from '../src/testing/test-system.js';
import { getPage } from './support/api-system.js';
import { GatedOutput, outputsModule } from './support/gated-output.js';
import { scrape } from './support/metrics.js';
import { range } from './support/range.js';

const WAIT = { timeout: 100_000 };
const TOKENS = ['all-0123456789abcdef', 'lite-0123456789abcdef', 'part-0123456789abcdef'] as const;

let system: TestSystem | undefined;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-outputs-'));
});
afterEach(async () => {
  await system?.close();
  system = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Publishes entries, in records of at most 32. */
function publish(count: number): void {
  const [log] = system!.simulator.logs;
  log.append(count);
  log.publish();
}

const LOG = { name: 'a', initialEntries: 10, pageSize: 32 };

interface Page {
  outputs: {
    position: { seq: number; time: string; cursor: string };
    backlog: { records: number; entries: number; bytes: number; seconds: number };
    last_error: { code: string; message: string | null; time: string } | null;
    failing_since: string | null;
    counts: Record<string, number>;
  }[];
}

async function page(token?: string): Promise<Page['outputs'][number]> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { status, json } = await getPage(system!, '/api/outputs', { headers });
  expect(status).toBe(200);
  return (json() as unknown as Page).outputs[0];
}

describe('GET /api/outputs', () => {
  it.each(['memory', 'disk'] as const)(
    'shows position, backlog and the last error, as the metrics do: %s',
    async (store) => {
      const output = new GatedOutput('soc');
      output.failure = new Error('POST https://hooks.example/services/secret: status 503');
      const listener = { listen_addr: '127.0.0.1', listen_port: await freePort() };
      system = await TestSystem.start({
        logs: [LOG],
        config: {
          journal: { store, path: folder },
          webserver: listener,
          prometheus: { ...listener, enabled: true },
        },
        imports: [outputsModule(output)],
      });
      const metrics = async (name: string) => (await scrape(system!)).get(`output_${name}{output="soc"}`);
      expect(await page()).toMatchObject({
        backlog: { entries: 0, bytes: 0 },
        last_error: null,
        failing_since: null,
      });
      const before = await page();
      publish(100);
      await expect
        .poll(page, WAIT)
        .toMatchObject({ backlog: { entries: 100 }, last_error: { code: 'OUTPUT_FAILED' } });
      const failing = await page();
      const records = system.stream.journal.newest - before.position.seq;
      expect(failing).toMatchObject({
        name: 'soc',
        type: null,
        required: false,
        position: { seq: before.position.seq },
        backlog: { records, entries: 100 },
        last_error: { code: 'OUTPUT_FAILED', message: 'POST https://hooks.example status 503' },
        failing_since: expect.any(String) as string,
        last_acknowledgement: null,
        counts: { acknowledged_entries: 0, failures: expect.any(Number) as number, skipped_records: 0 },
      });
      expect(failing.backlog.bytes).toBeGreaterThan(10_000);
      expect(await metrics('backlog_entries')).toBe(100);
      expect(await metrics('backlog_bytes')).toBe(failing.backlog.bytes);
      expect(await metrics('backlog_seconds')).toBeGreaterThan(0);
      expect(await metrics('failing_seconds')).toBeGreaterThan(0);

      output.failure = undefined;
      await expect.poll(async () => (await page()).backlog.records, WAIT).toBe(0);
      expect(output.indices).toEqual(range(10, 110));
      const working = await page();
      expect(working).toMatchObject({
        backlog: { entries: 0, bytes: 0, seconds: 0 },
        failing_since: null,
        last_error: { code: 'OUTPUT_FAILED' },
        last_acknowledgement: expect.any(String) as string,
        counts: { acknowledged_entries: 100, acknowledged_records: records },
      });
      expect(working.counts['repeated_entries']).toBeGreaterThan(0);
      expect(await metrics('repeated_entries_total')).toBe(working.counts['repeated_entries']);
      expect([await metrics('backlog_seconds'), await metrics('failing_seconds')]).toEqual([0, 0]);
      const replay = await system.connect(`/?since=${failing.position.cursor}`);
      await replay.until(({ frames }) => frames.length === 100);
    },
  );

  it('needs a token, and shows texts of errors only to a token for all entries', async () => {
    const output = new GatedOutput('soc');
    output.failure = new Error('connect to 10.1.2.3 failed');
    const [all, lite, part] = TOKENS;
    system = await TestSystem.start({
      logs: [],
      config: {
        auth: {
          tokens: [
            { name: 'all', token: all },
            { name: 'lite', token: lite, streams: ['lite'] },
            { name: 'part', token: part, filter: { domain: ['example.com'] } },
          ],
        },
      },
      imports: [outputsModule(output)],
    });
    const { stats } = system.server.app.get(Outputs).registered()[0];
    stats.failed(output.failure, Date.now());
    expect((await system.get('/api/outputs')).status).toBe(401);
    const message = async (token: string) => (await page(token)).last_error?.message;
    expect([await message(all), await message(lite), await message(part)]).toEqual([
      'connect to 10.1.2.3 failed',
      null,
      null,
    ]);
  });
});

describe('/readyz', () => {
  it.each([true, false])(
    'fails while an output has failed for a minute, if it is required: %s',
    async (required) => {
      const output = new GatedOutput('soc', required);
      system = await TestSystem.start({ logs: [LOG], imports: [outputsModule(output)] });
      const readiness = async () => {
        const response = await system!.get('/readyz');
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      };
      const working = { name: 'soc', required, failing_since: null, error: null };
      expect(await readiness()).toMatchObject({ status: 200, body: { status: 'ready', outputs: [working] } });
      output.failure = Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
      publish(5);
      await expect.poll(() => output.calls, WAIT).toBeGreaterThan(0);
      const failing = { ...working, failing_since: expect.any(String) as string, error: 'ECONNREFUSED' };
      await expect.poll(readiness, WAIT).toMatchObject({ status: 200, body: { outputs: [failing] } });
      system.server.app.get(Outputs).registered()[0].stats.failingSince -= 61_000;
      expect(await readiness()).toMatchObject({
        status: required ? 503 : 200,
        body: { outputs: [failing] },
      });
      output.failure = undefined;
      await expect.poll(readiness, WAIT).toMatchObject({ status: 200, body: { outputs: [working] } });
    },
  );
});

describe('a journal that is full', () => {
  const memory = (on_full: 'skip' | 'wait') => ({ journal: { store: 'memory', max_mb: 1, on_full } });

  it('skips records for an output with on_full: skip, and says exactly which', async () => {
    const [slow, witness] = [new GatedOutput('slow'), new GatedOutput('witness')];
    system = await TestSystem.start({
      logs: [LOG],
      config: memory('skip'),
      imports: [outputsModule(slow, witness)],
    });
    slow.pause();
    publish(2000);
    await expect.poll(() => witness.indices.length, WAIT).toBe(2000);
    expect(slow.records.size).toBe(0);
    slow.resume();
    const newest = Math.max(...witness.records.keys());
    await expect.poll(() => slow.records.has(newest), WAIT).toBe(true);

    const skipped = system.output.flatMap((line) => {
      const [, from, to] = /slow: the journal dropped.*\bfrom\W+(\d+)\W+to\W+(\d+)/.exec(line) ?? [];
      return from === undefined ? [] : range(Number(from), Number(to) + 1);
    });
    expect(skipped.length).toBeGreaterThan(0);
    const got = [...slow.records.keys()];
    expect([...got, ...skipped].sort((a, b) => a - b)).toEqual([...witness.records.keys()]);
    for (const [seq, indices] of slow.records) expect(indices).toEqual(witness.records.get(seq));
    const { stats } = system.server.app.get(Outputs).registered()[0];
    expect([stats.skipped, stats.records]).toEqual([skipped.length, got.length]);
    expect(witness.indices).toEqual(range(10, 2010));
  });

  it('lets the logs wait for an output with on_full: wait, and then delivers everything', async () => {
    const [slow, witness] = [new GatedOutput('slow'), new GatedOutput('witness')];
    system = await TestSystem.start({
      logs: [LOG],
      config: memory('wait'),
      imports: [outputsModule(slow, witness)],
    });
    const { pressure, journal } = system.stream;
    slow.pause();
    publish(2000);
    await expect.poll(() => pressure.ready() !== undefined, WAIT).toBe(true);
    const { newest } = journal;
    // One page of the log may be on its way; nothing else arrives, however often the log is polled.
    const [log] = system.simulator.logs;
    const heads = log.requests.count('get-sth');
    await expect.poll(() => log.requests.count('get-sth') - heads, WAIT).toBeGreaterThan(3);
    expect(journal.newest - newest).toBeLessThanOrEqual(1);
    expect(witness.indices.length).toBeLessThan(2000);
    slow.resume();
    await expect.poll(() => slow.indices.length, WAIT).toBe(2000);
    expect(slow.indices).toEqual(range(10, 2010));
    expect(system.server.app.get(Outputs).registered()[0].stats.skipped).toBe(0);
  });
});

describe('a lost file of positions', () => {
  it('lets outputs begin at the oldest record of the journal, with one line', async () => {
    const output = new GatedOutput('lake');
    system = await TestSystem.start({
      logs: [LOG],
      config: { journal: { store: 'disk', path: folder } },
      imports: [outputsModule(output)],
    });
    publish(40);
    await expect.poll(() => output.indices.length, WAIT).toBe(40);
    await system.server.stop();
    rmSync(join(folder, 'cursors.json'));
    output.records.clear();
    await system.startServer();
    await expect.poll(() => output.indices, WAIT).toEqual(range(10, 50));
    const lines = system.output.filter((line) => line.includes('output lake: its position is lost'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('it begins at the oldest record, so entries may be repeated');
  });
});
