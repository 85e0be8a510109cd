import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import { pickEntry } from '../../src/cli/commands/pick.js';
import { CtHttpClient } from '../../src/ct-log/client/http/ct-http-client.js';
import type { LogReport } from '../../src/ct-log/following/log-report.js';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { type TestConfig, TestSystem } from '../../src/testing/test-system.js';

const INITIAL = 10;
const GROWS = 600;
const END = INITIAL + GROWS;

let system: TestSystem;
afterEach(() => system?.close());

async function start(config: TestConfig = {}): Promise<SimulatedLog> {
  system = await TestSystem.start({
    logs: [{ name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL }],
    config,
  });
  return system.simulator.log('tiled');
}

/** Grows the log, and returns the messages of all new entries. */
async function grown(log: SimulatedLog): Promise<CertificateUpdate[]> {
  const indices = new LogIndices(await system.connect('/full-stream'));
  log.append(GROWS);
  log.publish();
  await indices.upTo(END, log);
  expect(indices.of(log)).toEqual(range(INITIAL, END));
  return indices.reader.updates();
}

/** Messages whose chain does not have the length of the chain of the entry. */
function cut(log: SimulatedLog, messages: readonly CertificateUpdate[]): CertificateUpdate['data'][] {
  return messages
    .map(({ data }) => data)
    .filter(({ cert_index, chain }) => chain?.length !== log.entry(cert_index).chain.length);
}

async function report(): Promise<LogReport> {
  const { logs } = (await (await system.get('/logs')).json()) as { logs: LogReport[] };
  return logs[0];
}

const missingLines = (): string[] => system.output.filter((line) => line.includes('end early'));

describe('issuers that are unavailable for now', () => {
  const FAULTS: [name: string, fault: FaultKind & { times?: number }, config: TestConfig][] = [
    ['429 beyond a rate', { kind: 'rate-limit', perSecond: 2 }, {}],
    ['503 without Retry-After beyond a rate', { kind: 'rate-limit', perSecond: 2, status: 503 }, {}],
    [
      '503 without Retry-After beyond a rate, with enforce',
      { kind: 'rate-limit', perSecond: 2, status: 503 },
      { ct_log: { verification: 'enforce' } },
    ],
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: 1, times: 3 }, {}],
    ['503, five times', { kind: 'status', status: 503, times: 5 }, {}],
    ['500, five times', { kind: 'status', status: 500, times: 5 }, {}],
    ['a connection that is reset, five times', { kind: 'reset', times: 5 }, {}],
    ['half a body and an end, five times', { kind: 'disconnect', times: 5 }, {}],
  ];

  it.each(FAULTS)('%s → every chain is complete', async (_name, fault, config) => {
    const log = await start(config);
    const handle = log.faults.add({ ...fault, endpoint: 'issuer' });
    const messages = await grown(log);
    expect(handle.count).toBeGreaterThan(0);
    expect(cut(log, messages)).toEqual([]);
    expect(messages.filter(({ data }) => data.parse_error === 'missing_issuer')).toEqual([]);
    expect((await report()).entries.incomplete_chains).toBe(0);
    expect(missingLines()).toEqual([]);
    // A tile is fetched once, however often its issuers are requested.
    const tiles = log.requests.list('tile-data').map(({ path }) => path);
    expect(tiles.length).toBeLessThan(2 * new Set(tiles).size);
  });
});

describe('issuers that are unavailable', () => {
  const FAULTS: [name: string, fault: FaultKind, config: TestConfig][] = [
    ['404', { kind: 'status', status: 404 }, {}],
    ['410', { kind: 'status', status: 410 }, {}],
    ['other bytes', { kind: 'flip-byte' }, {}],
    ['404, with enforce', { kind: 'status', status: 404 }, { ct_log: { verification: 'enforce' } }],
    [
      '503 for longer than the patience',
      { kind: 'status', status: 503 },
      { general: { recovery: { gap_after_tries: 3, gap_after_minutes: 0 } } },
    ],
  ];

  it.each(FAULTS)(
    '%s for one of them → each message with a shortened chain reports it, the log output mentions it once, and the other chains are complete',
    async (_name, fault, config) => {
      const log = await start(config);
      let victim: string | undefined;
      log.faults.add({
        ...fault,
        endpoint: 'issuer',
        match: ({ path }) => path === (victim ??= path),
      });
      const messages = await grown(log);
      const cutMessages = cut(log, messages);
      expect(cutMessages.length).toBeGreaterThan(0);
      expect(cutMessages.length).toBeLessThan(GROWS);
      const saying = messages.map(({ data }) => data).filter((data) => data.parse_error === 'missing_issuer');
      expect(saying).toEqual(cutMessages);
      const { entries, verification } = await report();
      expect(entries.incomplete_chains).toBe(cutMessages.length);
      expect(verification).toMatchObject({ mismatched_precertificates: 0, mismatched_issuers: 0 });
      expect(missingLines()).toHaveLength(1);
    },
  );
});

describe('issuers over a restart', () => {
  const recovery = (folder: string) => ({ enabled: true, ct_index_file: join(folder, 'ct_index.json') });

  async function restarted(change: (file: string) => void): Promise<SimulatedLog> {
    system = await TestSystem.prepare({
      logs: [{ name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL }],
      config: () => ({ general: { recovery: recovery(system.folder) } }),
    });
    const log = system.simulator.log('tiled');
    await system.startServer();
    await system.following();
    expect(cut(log, await grown(log))).toEqual([]);
    await system.server.stop();
    change(join(system.folder, 'ct_issuers.json'));
    await system.startServer();
    await system.following();
    return log;
  }

  it('a restart → the issuers are kept and not requested again', async () => {
    const log = await restarted((file) => expect(existsSync(file)).toBe(true));
    const asked = log.requests.count('issuer');
    const indices = new LogIndices(await system.connect('/full-stream'));
    log.append(GROWS);
    log.publish();
    await indices.upTo(END + GROWS, log);
    expect(cut(log, indices.reader.updates())).toEqual([]);
    expect(log.requests.count('issuer')).toBe(asked);
  });

  it('a file of issuers that is damaged → one line, and the issuers are requested again', async () => {
    const log = await restarted((file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, -50)));
    expect(system.output.filter((line) => line.includes('it is damaged; it will be replaced'))).toHaveLength(
      1,
    );
    const asked = log.requests.count('issuer');
    const indices = new LogIndices(await system.connect('/full-stream'));
    log.append(GROWS);
    log.publish();
    await indices.upTo(END + GROWS, log);
    expect(cut(log, indices.reader.updates())).toEqual([]);
    expect(log.requests.count('issuer')).toBeGreaterThan(asked);
  });

  it('recovery that is disabled → no file is written', async () => {
    const log = await start();
    await grown(log);
    await system.server.stop();
    expect(existsSync(join(system.folder, 'ct_issuers.json'))).toBe(false);
    expect(existsSync('ct_issuers.json')).toBe(false);
  });
});

describe('pick', () => {
  it.each([
    ['twice', 2, undefined],
    ['always', Infinity, 'missing_issuer'],
  ])(
    '503 for the issuers, %s → the entry is printed, and reports whether its chain is shortened',
    async (_name, times, problem) => {
      system = await TestSystem.prepare({
        logs: [{ name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL }],
      });
      const log = system.simulator.log('tiled');
      log.faults.add({ kind: 'status', status: 503, times, endpoint: 'issuer' });
      const http = CtHttpClient.fromConfig(system.config());
      try {
        const options = {
          log: log.url,
          cert: 3,
          pem: false,
          text: false,
          tiled: true,
          chain: true,
          asder: false,
        };
        const { data } = (await pickEntry(log.url.replace(/\/$/, ''), options, http)).full();
        expect(data.parse_error).toBe(problem);
        expect(data.chain?.length).toBe(problem === undefined ? log.entry(3).chain.length : 0);
      } finally {
        await http.close();
      }
    },
  );
});
