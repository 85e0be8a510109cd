import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from '../../simulator/ct-log-simulator.js';
import { includesEntry } from '../../simulator/faults/faults.js';
import { jsonReply, type Reply } from '../../simulator/log/reply.js';
import type { SimulatedLog } from '../../simulator/simulated-log.js';
import { createCtLogClient } from './create-ct-log-client.js';
import type { CtLogClient, SignedTreeHead } from './ct-log-client.js';
import { CtHttpClient } from './http/ct-http-client.js';
import { CompactRange } from './merkle/compact-range.js';
import { isConsistent } from './merkle/merkle-proofs.js';

const { signal } = new AbortController();
const SIZES = [0, 1, 2, 3, 64, 255, 256, 257, 511, 599, 600];
let simulator: CtLogSimulator;
let http: CtHttpClient;

beforeAll(async () => {
  simulator = await CtLogSimulator.start({ certificates: 20 });
  http = new CtHttpClient({
    userAgent: 'test',
    timeoutMs: 300_000,
    maxResponseBytes: 1e7,
    compression: true,
  });
});
afterAll(async () => {
  await http.close();
  await simulator.close();
});

describe.each(['rfc6962', 'static-ct'] as const)('proofs of a %s log', (protocol) => {
  let log: SimulatedLog;
  let client: CtLogClient;
  let head: SignedTreeHead;

  beforeAll(async () => {
    log = simulator.addLog({ name: protocol, protocol, initialEntries: 600, partialTilesVanish: true });
    const type = protocol === 'rfc6962' ? 'rfc6962' : 'tiled';
    const source = { name: protocol, url: log.url.replace(/\/$/, ''), operator: 'Op', type } as const;
    client = createCtLogClient({ source, configured: false }, http);
    head = await client.getTreeHead(signal);
  });

  const rootAt = async (size: number): Promise<Buffer> =>
    CompactRange.of(size, await client.getCompactRange(size, head, signal)).root();

  it.each(SIZES)('serves the compact range of %d entries', async (size) => {
    expect(await rootAt(size)).toEqual(log.history.tree.root(size));
  });

  it.each(SIZES)('proves that the tree of the head begins with %d entries', async (size) => {
    const first = { size, root: log.history.tree.root(size) };
    const proof = await client.getConsistencyProof(size, head.treeSize, signal);
    expect(isConsistent(first, { size: head.treeSize, root: head.rootHash }, proof)).toBe(true);
  });

  it('rejects sizes larger than the head', async () => {
    await expect(client.getCompactRange(601, head, signal)).rejects.toMatchObject({
      code: 'CT_OUT_OF_RANGE',
    });
  });
});

describe('an RFC 6962 log', () => {
  it('with proofs of thousands of hashes: they are rejected without parsing', async () => {
    const log = simulator.addLog({ name: 'many-hashes', initialEntries: 77 });
    const source = { name: 'x', url: log.url.replace(/\/$/, ''), operator: 'Op', type: 'rfc6962' } as const;
    const client = createCtLogClient({ source, configured: false }, http);
    const head = await client.getTreeHead(signal);
    const reply = jsonReply(`{"leaf_input":"AAAA","leaf_index":4,"audit_path":[${'"",'.repeat(20_000)}""]}`);
    const endpoint = ['get-entry-and-proof', 'get-sth-consistency', 'get-proof-by-hash'] as const;
    const fault = log.faults.add({ endpoint, kind: 'custom', hooks: { reply: () => reply } });
    const refusal = {
      code: 'CT_MALFORMED_PROOF',
      message: expect.stringMatching(/far more values/) as string,
    };
    await expect(client.getCompactRange(5, head, signal)).rejects.toMatchObject(refusal);
    await expect(client.getConsistencyProof(5, 77, signal)).rejects.toMatchObject(refusal);
    expect(fault.count).toBe(5);
  });

  it('that writes an empty proof as null: it is empty', async () => {
    const log = simulator.addLog({ name: 'null-proofs', initialEntries: 1 });
    const source = { name: 'x', url: log.url.replace(/\/$/, ''), operator: 'Op', type: 'rfc6962' } as const;
    const client = createCtLogClient({ source, configured: false }, http);
    const head = await client.getTreeHead(signal);
    const reply = (given: Reply): Reply => ({
      ...given,
      body: Buffer.from(given.body.toString().replace('"audit_path":[]', '"audit_path":null')),
    });
    const fault = log.faults.add({ endpoint: 'get-entry-and-proof', kind: 'custom', hooks: { reply } });
    const range = CompactRange.of(1, await client.getCompactRange(1, head, signal));
    expect(range.root()).toEqual(log.history.tree.root(1));
    expect(fault.count).toBe(1);
  });

  it.each(['status', 'html'] as const)(
    'whose get-entry-and-proof answers with %s: get-proof-by-hash is used',
    async (kind) => {
      const log = simulator.addLog({ name: `only-by-hash-${kind}`, initialEntries: 77 });
      const source = { name: 'x', url: log.url.replace(/\/$/, ''), operator: 'Op', type: 'rfc6962' } as const;
      const client = createCtLogClient({ source, configured: false }, http);
      const head = await client.getTreeHead(signal);
      log.faults.add({
        endpoint: 'get-entry-and-proof',
        ...(kind === 'html' ? { kind } : { kind, status: 404 }),
      });
      for (const size of [1, 64, 77]) {
        const range = CompactRange.of(size, await client.getCompactRange(size, head, signal));
        expect(range.root()).toEqual(log.history.tree.root(size));
      }
      log.faults.add({ endpoint: 'get-proof-by-hash', kind: 'html' });
      await expect(client.getCompactRange(5, head, signal)).rejects.toMatchObject({
        code: 'CT_MALFORMED_PROOF',
      });
    },
  );

  it('that does not serve a leaf: the proof of the next leaf is used', async () => {
    const log = simulator.addLog({ name: 'without-a-leaf', initialEntries: 300 });
    const source = { name: 'x', url: log.url.replace(/\/$/, ''), operator: 'Op', type: 'rfc6962' } as const;
    const client = createCtLogClient({ source, configured: false }, http);
    const head = await client.getTreeHead(signal);
    for (const leaf of [0, 63, 76, 77, 255]) {
      log.faults.clear();
      log.faults.add({
        endpoint: ['get-entries', 'get-entry-and-proof'],
        kind: 'status',
        status: 500,
        match: includesEntry(leaf),
      });
      const range = CompactRange.of(leaf + 1, await client.getCompactRange(leaf + 1, head, signal));
      expect(range.root()).toEqual(log.history.tree.root(leaf + 1));
    }
  });
});
