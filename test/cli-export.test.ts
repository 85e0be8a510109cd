import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { CertificateUpdate, DnsEntries } from '../src/certificate/certificate-message.js';
import { CtLogSimulator } from '../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { type RunningCli, startCli } from '../src/testing/cli-process.js';
import { ODD_LEAVES } from './support/odd-entries.js';
import { range } from './support/range.js';

/** Entries of each log: several pages or tiles, and a part of one. */
const SIZE = 2000;
const PROTOCOLS = ['rfc6962', 'static-ct'] as const;
type Protocol = (typeof PROTOCOLS)[number];
/** The endpoint that serves entries. */
const ENTRIES = { rfc6962: 'get-entries', 'static-ct': 'tile-data' } as const;

let folder: string;
let out: string;
let simulator: CtLogSimulator;
let env: Record<string, string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-export-'));
  out = join(folder, 'entries.jsonl');
  simulator = await CtLogSimulator.start({
    logs: PROTOCOLS.map((protocol) => ({ name: protocol, protocol, initialEntries: SIZE })),
    certificates: 100,
  });
  writeFileSync(join(folder, 'list-key.pem'), simulator.publicKeyPem);
  env = {
    CERTSTREAM_LOG_LIST_URL: simulator.logListUrl,
    CERTSTREAM_LOG_LIST_SIGNATURE_URL: simulator.logListSignatureUrl,
    CERTSTREAM_LOG_LIST_PUBLIC_KEY_PATH: join(folder, 'list-key.pem'),
    CERTSTREAM_LOG_LIST_CACHE_FILE: join(folder, 'list-cache.json'),
  };
});
afterEach(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

const start = (args: readonly string[]): RunningCli => startCli(args, { cwd: folder, env });
const run = (args: readonly string[]) => start(args).ended;
const exported = (log: SimulatedLog, ...more: string[]) =>
  run(['export', '--log', log.url, '--out', out, ...more]);

/** Returns the messages of JSON lines. Each line must be complete. */
function messages(text: string): CertificateUpdate[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as CertificateUpdate);
}

const indicesOf = (text: string): number[] => messages(text).map(({ data }) => data.cert_index);
const written = (): number[] => indicesOf(readFileSync(out, 'utf8'));

function sha256(log: SimulatedLog, index: number): string {
  const digest = createHash('sha256').update(log.entry(index).submittedDer).digest('hex').toUpperCase();
  return digest.match(/../g)!.join(':');
}

/** Makes the log serve the entry at `index` with a wrong bit. */
function damage(log: SimulatedLog, protocol: Protocol, index: number): void {
  log.faults.add({
    endpoint: ENTRIES[protocol],
    kind: 'custom',
    hooks: {
      prepare: (context) =>
        void context.entryEdits.push((entries) => {
          const first = protocol === 'rfc6962' ? Number(context.query.get('start')) : tileStart(context.path);
          return entries.map((entry, i) => (first + i === index ? flipped(entry) : entry));
        }),
    },
  });
}

/** Returns the index of the first entry of a tile, which has fewer than 1000 tiles before it. */
function tileStart(path: string): number {
  return Number(/\/data\/(\d+)/.exec(path)![1]) * 256;
}

function flipped<T extends { leafInput: Buffer; tileLeaf: Buffer }>(entry: T): T {
  // The timestamp is part of every leaf.
  const [leafInput, tileLeaf] = [Buffer.from(entry.leafInput), Buffer.from(entry.tileLeaf)];
  leafInput[9] ^= 1;
  tileLeaf[7] ^= 1;
  return { ...entry, leafInput, tileLeaf };
}

describe.each(PROTOCOLS)('export of a %s log', (protocol) => {
  let log: SimulatedLog;
  beforeEach(() => (log = simulator.log(protocol)));

  it('writes the range in the order of the log, with the certificates that the log contains', async () => {
    const {
      code,
      out: printed,
      err,
    } = await run(['export', '--log', log.url, '--from', '100', '--to', '1299']);
    expect({ code, err }).toEqual({
      code: 0,
      err: 'Wrote 1,200 of 1,200 entries (entries 100 to 1299), verified against the signed tree of 2,000 entries\n',
    });
    const lines = messages(printed);
    expect(lines.map(({ data }) => data.cert_index)).toEqual(range(100, 1300));
    for (const i of [0, 500, 1199]) expect(lines[i].data.leaf_cert.sha256).toBe(sha256(log, 100 + i));
    expect(lines[0].data.source).toMatchObject({ name: log.options.description });
    expect(lines[0].data.leaf_cert.as_der).toBeUndefined();
  });

  it('fetches no entry outside of the range, and none twice', async () => {
    expect((await exported(log, '--from', '300', '--to', '309')).code).toBe(0);
    expect(written()).toEqual(range(300, 310));
    expect(log.requests.count(ENTRIES[protocol])).toBeLessThanOrEqual(3);
  });

  it('ends with the newest entry, also of a partial tile', async () => {
    expect((await exported(log, '--from', `${SIZE - 10}`)).code).toBe(0);
    expect(written()).toEqual(range(SIZE - 10, SIZE));
  });

  it('leaves out and lists an entry that differs from the signed tree, and no other', async () => {
    damage(log, protocol, 777);
    const { code, err } = await exported(log, '--from', '0');
    expect(code).toBe(1);
    expect(err).toContain('missing: entry 777: the log serves other entries than it signed\n');
    expect(err).toContain('1 entry is missing; run the same command again to request them\n');
    expect(written()).toEqual(range(0, SIZE).filter((index) => index !== 777));

    log.faults.clear();
    const again = await exported(log, '--from', '0');
    expect(again).toMatchObject({ code: 0 });
    expect(written()).toEqual([...range(0, SIZE).filter((index) => index !== 777), 777]);
  });

  it('fetches a page once more that was damaged in transit', async () => {
    log.faults.add({ endpoint: ENTRIES[protocol], kind: 'flip-leaf', at: 3, times: 1 });
    expect(await exported(log, '--from', '0')).toMatchObject({ code: 0 });
    expect(written()).toEqual(range(0, SIZE));
  });

  it('continues when the log is throttled', async () => {
    log.faults.add({ endpoint: '*', kind: 'rate-limit', perSecond: 10, burst: 3, retryAfter: 1 });
    expect(await exported(log, '--from', '0', '--to', '1500')).toMatchObject({ code: 0 });
    expect(written()).toEqual(range(0, 1501));
  });

  it('lists what is missing when the log goes down, and continues later', async () => {
    const down = log.faults.add({
      endpoint: ENTRIES[protocol],
      kind: 'status',
      status: 500,
      match: ({ path, query }) =>
        (protocol === 'rfc6962' ? Number(query.get('start')) : tileStart(path)) >= 512,
    });
    const { code, err } = await exported(log, '--from', '0', '--retry-for', '1');
    expect(code).toBe(1);
    expect(err).toMatch(/^missing: entries 512 to 1999: .* answered with status 500$/m);
    expect(written()).toEqual(range(0, 512));

    down.remove();
    expect(await exported(log, '--from', '0', '--retry-for', '1')).toMatchObject({ code: 0 });
    expect(written()).toEqual(range(0, SIZE));
  });

  it('leaves out a page that the log does not serve, when it serves later ones', async () => {
    log.faults.add({
      endpoint: ENTRIES[protocol],
      kind: 'status',
      status: 500,
      match: ({ path, query }) =>
        protocol === 'rfc6962'
          ? Number(query.get('start')) <= 600 && Number(query.get('end')) >= 600
          : tileStart(path) === 512,
    });
    const { code, err } = await exported(log, '--from', '0');
    const gap = protocol === 'rfc6962' ? [600, 601] : [512, 768];
    expect(code).toBe(1);
    expect(err).toMatch(
      protocol === 'rfc6962' ? /^missing: entry 600: /m : /^missing: entries 512 to 767: /m,
    );
    expect(written()).toEqual([...range(0, gap[0]), ...range(gap[1], SIZE)]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('continues after %s', async (signal) => {
    const stalled = log.faults.add({
      endpoint: ENTRIES[protocol],
      kind: 'stall',
      match: ({ path, query }) =>
        (protocol === 'rfc6962' ? Number(query.get('start')) : tileStart(path)) >= 1536,
    });
    const first = start(['export', '--log', log.url, '--from', '0', '--out', out]);
    await stalled.fired;
    first.signal(signal);
    const { code, err } = await first.ended;
    expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
    if (signal !== 'SIGKILL')
      expect(err).toBe('stopped before the end; run the same command again to continue\n');
    stalled.remove();
    expect(await exported(log, '--from', '0')).toMatchObject({ code: 0 });
    expect(written()).toEqual(range(0, SIZE));
  });
});

describe('export', () => {
  let log: SimulatedLog;
  beforeEach(() => (log = simulator.log('rfc6962')));

  it('finds a log by URL, by log id and by a part of its name', async () => {
    const id = createHash('sha256').update(log.key.spki).digest();
    const names = [
      log.url.replace('http://', ''),
      id.toString('base64'),
      id.toString('base64url').replace('=', ''),
      id.toString('hex'),
      "'RFC6962'",
    ];
    for (const name of names) {
      const { code, out: printed, err } = await run(['export', '--log', name, '--from', '5', '--to', '5']);
      expect({ name, code, err }).toMatchObject({
        code: 0,
        err: expect.stringMatching(/^Wrote 1 of 1 entry/) as string,
      });
      expect(indicesOf(printed)).toEqual([5]);
    }
  });

  it('reports a name that no log or more than one log has', async () => {
    expect(await run(['export', '--log', 'nimbus', '--from', '0'])).toMatchObject({
      code: 2,
      err: 'no log has a name with "nimbus"; use its URL, its log id or a part of its name\n',
    });
    const both = await run(['export', '--log', 'simulator', '--from', '0']);
    expect(both.code).toBe(2);
    expect(both.err).toMatch(/^"simulator" is part of the names of 2 logs: .*, .*; use more of the name/);
  });

  it.each([
    [['--from', '5', '--to', '4'], /--to 4 is before --from 5/],
    [[], /use --from or --since/],
    [['--from', '0', '--since', '-1h'], /'--from <index>' cannot be used with option '--since <time>'/],
    [['--since', 'noon'], /--since "noon" is not a time/],
    [['--from', '0', '--to', '2000'], /has no entry 2000; use an index from 0 to 1999/],
    [['--from', '2000'], /has no entry 2000 yet/],
    [['--since', '2999-01-01'], /has no entry from 2999-01-01 on/],
    [['--from', '0', '--format', 'csv'], /Allowed choices are lite, full, domains, pem/],
    [['--from', '0', '--key', '!'], /--key is not base64/],
    [['--from', '0', '--out', 'none/file'], /none\/file: the folder does not exist/],
    [['--from', '0', '--out', '.'], /is a folder/],
  ])('%j: one line, exit code 2', async (args, says) => {
    const { code, out: printed, err } = await run(['export', '--log', log.url, ...args]);
    expect({ code, printed }).toEqual({ code: 2, printed: '' });
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(says);
  });

  it('accepts the options of the Rust server', async () => {
    const rust = ['--backfill', '--log', log.url, '--start', '10', '--end', '12', '--out', '-'];
    expect(indicesOf((await run(rust)).out)).toEqual([10, 11, 12]);
  });

  it('writes the other formats', async () => {
    const of = async (format: string) =>
      (await run(['export', '--log', log.url, '--from', '1', '--to', '2', '--format', format])).out;
    const full = messages(await of('full'));
    expect(full.map(({ data }) => data.leaf_cert.as_der)).toEqual(
      [1, 2].map((index) => log.entry(index).submittedDer.toString('base64')),
    );
    const domains = messages(await of('domains')) as unknown as DnsEntries[];
    expect(domains.map(({ data }) => data)).toEqual(full.map(({ data }) => data.leaf_cert.all_domains));
    const pem = await of('pem');
    const ders = [...pem.matchAll(/-----BEGIN CERTIFICATE-----\n([^-]+)-----END CERTIFICATE-----\n/g)];
    expect(ders.map(([, base64]) => Buffer.from(base64, 'base64'))).toEqual(
      [1, 2].map((index) => log.entry(index).submittedDer),
    );
    expect(ders.map(([block]) => block).join('')).toBe(pem);
  });

  it('says how many entries PEM leaves out', async () => {
    log.appendRaw(ODD_LEAVES[0]);
    log.publish();
    const { code, err } = await run(['export', '--log', log.url, '--from', `${SIZE}`, '--format', 'pem']);
    expect(code).toBe(0);
    expect(err).toContain('1 entry without certificate left out\n');
  });

  it('--since begins with the first entry of that time', async () => {
    const begin = Date.parse('2030-01-01T00:00:00Z');
    log.append(500, (n) => begin + n * 60_000);
    log.publish();
    const since = await run(['export', '--log', log.url, '--since', '2030-01-01T04:00:00Z', '--out', out]);
    expect(since).toMatchObject({ code: 0 });
    expect(written()).toEqual(range(SIZE + 240, SIZE + 500));
  });

  it('appends new entries when the same command runs again', async () => {
    expect((await exported(log, '--from', '1990')).code).toBe(0);
    log.append(5);
    log.publish();
    expect((await exported(log, '--from', '1990')).code).toBe(0);
    expect(written()).toEqual(range(1990, SIZE + 5));
    const { code, err } = await exported(log, '--from', '1990');
    expect({ code, err }).toEqual({ code: 0, err: `${out} already contains entries 1990 to 2004\n` });
    expect(written()).toEqual(range(1990, SIZE + 5));
  });

  it('does not mix two exports in a file', async () => {
    expect((await exported(log, '--from', '0', '--to', '9')).code).toBe(0);
    const others = [
      ['--from', '1', '--to', '9'],
      ['--from', '0', '--to', '8'],
      ['--from', '0', '--to', '9', '--format', 'full'],
    ];
    for (const other of others) {
      const { code, err } = await exported(log, ...other);
      expect(code).toBe(2);
      expect(err).toMatch(
        /contains the entries 0 to 9 of \S+ as lite; use another --out, or --force to overwrite it\n$/,
      );
    }
    expect(written()).toEqual(range(0, 10));
    expect((await exported(log, ...others[0], '--force')).code).toBe(0);
    expect(written()).toEqual(range(1, 10));
  });

  it('does not overwrite a file that is not an export, or continue one that was cut', async () => {
    writeFileSync(out, 'mine\n');
    const foreign = await exported(log, '--from', '0', '--to', '9');
    expect(foreign).toMatchObject({ code: 2 });
    expect(foreign.err).toContain('use --force to overwrite it');
    expect(readFileSync(out, 'utf8')).toBe('mine\n');
    expect((await exported(log, '--from', '0', '--to', '9', '--force')).code).toBe(0);
    truncateSync(out, statSync(out).size - 1);
    const cut = await exported(log, '--from', '0', '--to', '9');
    expect(cut).toMatchObject({ code: 2 });
    expect(cut.err).toContain('is shorter than');
    writeFileSync(`${out}.export.json`, '{}');
    expect((await exported(log, '--from', '0', '--to', '9')).err).toContain('is damaged');
  });

  it('lets only one export write a file', async () => {
    const stalled = log.faults.add({ endpoint: 'get-entries', kind: 'stall' });
    const first = start(['export', '--log', log.url, '--from', '0', '--out', out]);
    await stalled.fired;
    const second = await exported(log, '--from', '0');
    expect(second).toMatchObject({ code: 2, err: `another export writes ${out}\n` });
    first.signal('SIGINT');
    expect((await first.ended).code).toBe(130);
  });

  it('refuses a head that the key of the log did not sign', async () => {
    log.faults.add({ endpoint: 'get-sth', kind: 'bad-signature' });
    const { code, err } = await exported(log, '--from', '0');
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(out)).toBe(false);
  });

  it('exports a log that is not in the list with --key, and warns without it', async () => {
    log.listed = false;
    const args = ['export', '--log', log.url, '--from', '0', '--to', '0'];
    const without = await run(args);
    expect(without).toMatchObject({ code: 0 });
    expect(without.err).toMatch(
      /^Warning: the key of \S+ is unknown, so its signature is not checked; use --key\n/,
    );
    const withKey = await run([...args, '--key', log.key.spki.toString('base64')]);
    expect(withKey).toMatchObject({ code: 0, err: expect.stringMatching(/^Wrote 1 of 1 entry/) as string });
    const other = simulator.log('static-ct').key.spki.toString('base64');
    expect((await run([...args, '--key', other])).code).toBe(1);
  });

  it('exports without the log list when it is unavailable', async () => {
    simulator.faults.add({ endpoint: 'log-list', kind: 'status', status: 500 });
    const { code, err } = await run(['export', '--log', log.url, '--from', '0', '--to', '0']);
    expect(code).toBe(0);
    expect(err).toMatch(/^The log list is unavailable: .*\nWarning: the key .*\nWrote 1 of 1 entry/);
  });
});
