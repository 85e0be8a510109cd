import { createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from './ct-log-simulator.js';

interface ListedLog {
  description: string;
  log_id: string;
  key: string;
  url?: string;
  monitoring_url?: string;
  submission_url?: string;
  mmd: number;
  state?: Record<string, { timestamp: string; final_tree_head?: { tree_size: number } }>;
}
interface LogList {
  version: string;
  operators: { name: string; email: string[]; logs: ListedLog[]; tiled_logs: ListedLog[] }[];
}

let simulator: CtLogSimulator;

beforeAll(async () => {
  simulator = await CtLogSimulator.start({
    logs: [
      { name: 'ecdsa', initialEntries: 3 },
      { name: 'rsa', keyType: 'rsa', protocol: 'static-ct', operator: 'Other', submissionName: 'rsa-submit' },
    ],
  });
});
afterAll(() => simulator.close());

async function fetchList(): Promise<LogList> {
  return (await (await fetch(simulator.logListUrl)).json()) as LogList;
}

async function listIsSignedBy(publicKeyPem: string): Promise<boolean> {
  const json = Buffer.from(await (await fetch(simulator.logListUrl)).arrayBuffer());
  const signature = Buffer.from(await (await fetch(simulator.logListSignatureUrl)).arrayBuffer());
  return verify('RSA-SHA256', json, publicKeyPem, signature);
}

describe('the log list', () => {
  it('lists RFC 6962 logs and tiled logs by operator, with key and matching log id', async () => {
    const list = await fetchList();
    expect(list.operators.map(({ name }) => name)).toEqual(['Simulator', 'Other']);
    const [first, second] = list.operators;
    expect(first?.logs[0]).toMatchObject({ url: `${simulator.url}/ecdsa/`, mmd: 86400 });
    expect(first?.tiled_logs).toEqual([]);
    expect(second?.tiled_logs[0]).toMatchObject({
      monitoring_url: `${simulator.url}/rsa/`,
      submission_url: `${simulator.url}/rsa-submit/`,
      mmd: 60,
    });
    for (const log of [first?.logs[0], second?.tiled_logs[0]]) {
      const key = Buffer.from(log?.key ?? '', 'base64');
      expect(log?.log_id).toBe(createHash('sha256').update(key).digest('base64'));
      expect(Object.keys(log?.state ?? {})).toEqual(['usable']);
    }
    const keyTypes = [first?.logs[0], second?.tiled_logs[0]].map(
      (log) =>
        createPublicKey({ key: Buffer.from(log?.key ?? '', 'base64'), format: 'der', type: 'spki' })
          .asymmetricKeyType,
    );
    expect(keyTypes).toEqual(['ec', 'rsa']);
  });

  it('has a signature over its exact bytes, also after a change', async () => {
    expect(await listIsSignedBy(simulator.publicKeyPem)).toBe(true);
    const before = await fetchList();
    simulator.log('ecdsa').setState('readonly');
    const after = await fetchList();
    expect(after.version).not.toBe(before.version);
    expect(after.operators[0]?.logs[0]?.state?.['readonly']?.final_tree_head?.tree_size).toBe(3);
    expect(await listIsSignedBy(simulator.publicKeyPem)).toBe(true);
    simulator.log('ecdsa').setState('usable');
  });

  it('reflects logs that are added, unlisted and removed', async () => {
    const log = simulator.addLog({ name: 'third', state: null });
    expect((await fetchList()).operators[0]?.logs.map(({ url }) => url)).toContain(log.url);
    log.listed = false;
    expect((await fetchList()).operators[0]?.logs.map(({ url }) => url)).not.toContain(log.url);
    expect((await fetch(`${log.url}ct/v1/get-sth`)).status).toBe(200);
    simulator.removeLog(log);
    expect((await fetch(`${log.url}ct/v1/get-sth`)).status).toBe(404);
    simulator.restoreLog(log);
    expect((await fetch(`${log.url}ct/v1/get-sth`)).status).toBe(200);
    simulator.removeLog('third');
  });

  it.each(['bad', 'other-key'] as const)('can have a wrong signature: %s', async (signature) => {
    simulator.logList.faults.signature = signature;
    expect(await listIsSignedBy(simulator.publicKeyPem)).toBe(false);
    simulator.logList.faults.signature = 'good';
    expect(await listIsSignedBy(simulator.publicKeyPem)).toBe(true);
  });

  it('can be correctly signed and empty, or not JSON', async () => {
    simulator.logList.faults.content = 'empty';
    expect((await fetchList()).operators).toEqual([]);
    simulator.logList.faults.content = 'not-json';
    await expect(fetchList()).rejects.toThrow(SyntaxError);
    expect(await listIsSignedBy(simulator.publicKeyPem)).toBe(true);
    simulator.logList.faults.content = 'good';
  });
});

describe('unknown paths', () => {
  it.each([
    '/',
    '/nothing/ct/v1/get-sth',
    '/ecdsa/',
    '/ecdsa/checkpoint',
    '/ecdsa/ct/v1/add-chain',
    '/rsa/ct/v1/get-sth',
  ])('404 in HTML: %s', async (path) => {
    const response = await fetch(simulator.url + path);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('text/html');
  });
});

describe('requests', () => {
  it('are counted per endpoint, listed and awaited', async () => {
    const log = simulator.log('ecdsa');
    const before = log.requests.count('get-entries');
    const next = log.waitForRequest((request) => request.query.get('start') === '2');
    await fetch(`${log.url}ct/v1/get-entries?start=1&end=1`, { headers: { 'User-Agent': 'simulator-test' } });
    await fetch(`${log.url}ct/v1/get-entries?start=2&end=2`);
    expect(await next).toMatchObject({ endpoint: 'get-entries', path: '/ct/v1/get-entries', status: 200 });
    expect(log.requests.count('get-entries')).toBe(before + 2);
    expect(log.requests.list('get-entries').at(-2)?.headers['user-agent']).toBe('simulator-test');
  });
});

describe('close', () => {
  it('cuts open and stalled connections, and stops growth', async () => {
    const closing = await CtLogSimulator.start({ logs: [{ name: 'log' }] });
    const log = closing.log('log');
    closing.startGrowth({ entriesPerSecond: 10 });
    const stalled = log.faults.add({ endpoint: 'get-sth', kind: 'stall', afterBytes: 1 });
    const pending = fetch(`${log.url}ct/v1/get-sth`).then((response) => response.text());
    const failed = expect(pending).rejects.toThrow();
    await stalled.fired;
    const { url } = closing;
    await closing.close();
    await failed;
    await expect(fetch(url)).rejects.toThrow();
  });
});
