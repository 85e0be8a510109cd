import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { DnsEntries } from '../../src/certificate/certificate-message.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { ExportHarness, indicesOf, messages, SIZE } from '../support/export-harness.js';
import { ODD_LEAVES } from '../support/odd-entries.js';
import { range } from '../support/range.js';

let harness: ExportHarness;
beforeEach(async () => (harness = await ExportHarness.start()));
afterEach(() => harness.close());

describe('export', () => {
  let log: SimulatedLog;
  beforeEach(() => (log = harness.simulator.log('rfc6962')));

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
      const {
        code,
        out: printed,
        err,
      } = await harness.run(['export', '--log', name, '--from', '5', '--to', '5']);
      expect({ name, code, err }).toMatchObject({
        code: 0,
        err: expect.stringMatching(/^Wrote 1 of 1 entry/) as string,
      });
      expect(indicesOf(printed)).toEqual([5]);
    }
  });

  it('reports a name that no log or more than one log has', async () => {
    expect(await harness.run(['export', '--log', 'nimbus', '--from', '0'])).toMatchObject({
      code: 2,
      err: 'no log has a name with "nimbus"; use its URL, its log id or a part of its name\n',
    });
    const both = await harness.run(['export', '--log', 'simulator', '--from', '0']);
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
    const { code, out: printed, err } = await harness.run(['export', '--log', log.url, ...args]);
    expect({ code, printed }).toEqual({ code: 2, printed: '' });
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(says);
  });

  it('accepts the options of the Rust server', async () => {
    const rust = ['--backfill', '--log', log.url, '--start', '10', '--end', '12', '--out', '-'];
    expect(indicesOf((await harness.run(rust)).out)).toEqual([10, 11, 12]);
  });

  it('writes the other formats', async () => {
    const of = async (format: string) =>
      (await harness.run(['export', '--log', log.url, '--from', '1', '--to', '2', '--format', format])).out;
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
    const { code, err } = await harness.run([
      'export',
      '--log',
      log.url,
      '--from',
      `${SIZE}`,
      '--format',
      'pem',
    ]);
    expect(code).toBe(0);
    expect(err).toContain('1 entry without certificate left out\n');
  });

  it('--since begins with the first entry of that time', async () => {
    const begin = Date.parse('2030-01-01T00:00:00Z');
    log.append(500, (n) => begin + n * 60_000);
    log.publish();
    const since = await harness.run([
      'export',
      '--log',
      log.url,
      '--since',
      '2030-01-01T04:00:00Z',
      '--out',
      harness.out,
    ]);
    expect(since).toMatchObject({ code: 0 });
    expect(harness.written()).toEqual(range(SIZE + 240, SIZE + 500));
  });

  it('appends new entries when the same command runs again', async () => {
    expect((await harness.exported(log, '--from', '1990')).code).toBe(0);
    log.append(5);
    log.publish();
    expect((await harness.exported(log, '--from', '1990')).code).toBe(0);
    expect(harness.written()).toEqual(range(1990, SIZE + 5));
    const { code, err } = await harness.exported(log, '--from', '1990');
    expect({ code, err }).toEqual({ code: 0, err: `${harness.out} already contains entries 1990 to 2004\n` });
    expect(harness.written()).toEqual(range(1990, SIZE + 5));
  });

  it('does not mix two exports in a file', async () => {
    expect((await harness.exported(log, '--from', '0', '--to', '9')).code).toBe(0);
    const others = [
      ['--from', '1', '--to', '9'],
      ['--from', '0', '--to', '8'],
      ['--from', '0', '--to', '9', '--format', 'full'],
    ];
    for (const other of others) {
      const { code, err } = await harness.exported(log, ...other);
      expect(code).toBe(2);
      expect(err).toMatch(
        /contains the entries 0 to 9 of \S+ as lite; use another --out, or --force to overwrite it\n$/,
      );
    }
    expect(harness.written()).toEqual(range(0, 10));
    expect((await harness.exported(log, ...others[0], '--force')).code).toBe(0);
    expect(harness.written()).toEqual(range(1, 10));
  });

  it('does not overwrite a file that is not an export, or continue one that was cut', async () => {
    writeFileSync(harness.out, 'mine\n');
    const foreign = await harness.exported(log, '--from', '0', '--to', '9');
    expect(foreign).toMatchObject({ code: 2 });
    expect(foreign.err).toContain('use --force to overwrite it');
    expect(readFileSync(harness.out, 'utf8')).toBe('mine\n');
    expect((await harness.exported(log, '--from', '0', '--to', '9', '--force')).code).toBe(0);
    truncateSync(harness.out, statSync(harness.out).size - 1);
    const cut = await harness.exported(log, '--from', '0', '--to', '9');
    expect(cut).toMatchObject({ code: 2 });
    expect(cut.err).toContain('is shorter than');
    writeFileSync(`${harness.out}.export.json`, '{}');
    expect((await harness.exported(log, '--from', '0', '--to', '9')).err).toContain('is damaged');
  });

  it('lets only one export write a file', async () => {
    const stalled = log.faults.add({ endpoint: 'get-entries', kind: 'stall' });
    const first = harness.start(['export', '--log', log.url, '--from', '0', '--out', harness.out]);
    await stalled.fired;
    const second = await harness.exported(log, '--from', '0');
    expect(second).toMatchObject({ code: 2, err: `another export writes ${harness.out}\n` });
    first.signal('SIGINT');
    expect((await first.ended).code).toBe(130);
  });

  it('refuses a head that the key of the log did not sign', async () => {
    log.faults.add({ endpoint: 'get-sth', kind: 'bad-signature' });
    const { code, err } = await harness.exported(log, '--from', '0');
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(existsSync(harness.out)).toBe(false);
  });

  it('exports a log that is not in the list with --key, and warns without it', async () => {
    log.listed = false;
    const args = ['export', '--log', log.url, '--from', '0', '--to', '0'];
    const without = await harness.run(args);
    expect(without).toMatchObject({ code: 0 });
    expect(without.err).toMatch(
      /^Warning: the key of \S+ is unknown, so its signature is not checked; use --key\n/,
    );
    const withKey = await harness.run([...args, '--key', log.key.spki.toString('base64')]);
    expect(withKey).toMatchObject({ code: 0, err: expect.stringMatching(/^Wrote 1 of 1 entry/) as string });
    const other = harness.simulator.log('static-ct').key.spki.toString('base64');
    expect((await harness.run([...args, '--key', other])).code).toBe(1);
  });

  it('exports without the log list when it is unavailable', async () => {
    harness.simulator.faults.add({ endpoint: 'log-list', kind: 'status', status: 500 });
    const { code, err } = await harness.run(['export', '--log', log.url, '--from', '0', '--to', '0']);
    expect(code).toBe(0);
    expect(err).toMatch(/^The log list is unavailable: .*\nWarning: the key .*\nWrote 1 of 1 entry/);
  });
});
