import { afterAll, beforeAll, expect, it } from 'vitest';
import { CtLogSimulator } from '../ct-log-simulator.js';
import { consistencyIsProven, hashOfLeaf, inclusionIsProven } from '../testing/merkle-verifier.js';
import type { SimulatedLog } from '../simulated-log.js';

let simulator: CtLogSimulator;
let pruned: SimulatedLog;
let whole: SimulatedLog;

beforeAll(async () => {
  simulator = await CtLogSimulator.start({ certificates: 20 });
  pruned = simulator.addLog({ name: 'pruned', protocol: 'hybrid', keepEntries: 300, keepRequests: 3 });
  whole = simulator.addLog({ name: 'whole', protocol: 'hybrid' });
  const { certificate } = simulator.issuer.issue('dv');
  for (let published = 0; published < 20; published++) {
    for (let n = 0; n < 100; n++) {
      for (const log of [pruned, whole]) log.appendSubmission(certificate, 1_790_000_000_000 + log.size);
    }
    for (const log of [pruned, whole]) log.publish();
  }
});
afterAll(() => simulator.close());

const get = (log: SimulatedLog, path: string) => fetch(log.url + path);

it('keeps the newest entries, and answers requests for older ones like unknown entries', async () => {
  const { start } = pruned.history;
  expect(start % 256).toBe(0);
  expect(pruned.size - start).toBeLessThan(2 * 300 + 256);
  expect((await get(pruned, `ct/v1/get-entries?start=${start - 1}&end=${start}`)).status).toBe(400);
  expect((await get(pruned, 'tile/data/000')).status).toBe(404);
  for (const path of [`ct/v1/get-entries?start=${start}&end=${start + 9}`, 'tile/data/006', 'tile/0/006']) {
    expect(await (await get(pruned, path)).text()).toBe(await (await get(whole, path)).text());
  }
});

it('has the root and the proofs of the whole tree', () => {
  const { start, tree, size } = pruned.history;
  const root = whole.history.tree.root();
  expect(pruned.head.rootHash).toEqual(root);
  for (const index of [start, start + 1, start + 255, size - 1]) {
    const leaf = hashOfLeaf(pruned.entry(index).leafInput);
    expect(inclusionIsProven(leaf, index, size, tree.inclusionProof(index, size), root)).toBe(true);
    const before = whole.history.tree.root(index + 1);
    const proof = tree.consistencyProof(index + 1, size);
    expect(consistencyIsProven(index + 1, size, before, root, proof)).toBe(true);
  }
});

it('keeps the configured number of requests, and counts all', async () => {
  for (let i = 0; i < 20; i++) await get(pruned, 'checkpoint');
  expect(pruned.requests.list().length).toBeLessThan(6);
  expect(pruned.requests.count('checkpoint')).toBe(20);
});
