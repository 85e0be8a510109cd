import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from '../ct-log-simulator.js';
import {
  consistencyIsProven,
  hashOfLeaf,
  inclusionIsProven,
  merkleTreeHash,
} from '../testing/merkle-verifier.js';
import type { SimulatedLog } from '../simulated-log.js';

interface SthJson {
  tree_size: number;
  timestamp: number;
  sha256_root_hash: string;
  tree_head_signature: string;
}
interface EntriesJson {
  entries: { leaf_input: string; extra_data: string }[];
}

let simulator: CtLogSimulator;
beforeAll(async () => {
  simulator = await CtLogSimulator.start({
    logs: [
      { name: 'ecdsa', initialEntries: 40, pageSize: 16 },
      { name: 'rsa', keyType: 'rsa', initialEntries: 5 },
      { name: 'strict', initialEntries: 5, rejectEndBeyondTree: true, alignPages: false, pageSize: 4 },
      { name: 'gzip', initialEntries: 5, gzipPages: true },
    ],
  });
});
afterAll(() => simulator.close());

async function get<T>(log: SimulatedLog, path: string): Promise<T> {
  const response = await fetch(`${log.url}ct/v1/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

async function status(log: SimulatedLog, path: string): Promise<number> {
  const response = await fetch(`${log.url}ct/v1/${path}`);
  await response.arrayBuffer();
  return response.status;
}

async function indices(log: SimulatedLog, start: number, end: number): Promise<number[]> {
  const { entries } = await get<EntriesJson>(log, `get-entries?start=${start}&end=${end}`);
  const known = Array.from({ length: log.head.treeSize }, (_, i) =>
    log.entry(i).leafInput.toString('base64'),
  );
  return entries.map((entry) => known.indexOf(entry.leaf_input));
}

function sthIsSigned(log: SimulatedLog, sth: SthJson): boolean {
  const signature = Buffer.from(sth.tree_head_signature, 'base64');
  expect([signature[0], signature[1]]).toEqual([4, log.key.type === 'rsa' ? 1 : 3]);
  expect(signature.readUInt16BE(2)).toBe(signature.length - 4);
  const input = Buffer.alloc(50);
  input[1] = 1;
  input.writeBigUInt64BE(BigInt(sth.timestamp), 2);
  input.writeBigUInt64BE(BigInt(sth.tree_size), 10);
  Buffer.from(sth.sha256_root_hash, 'base64').copy(input, 18);
  const key = createPublicKey({ key: log.key.spki, format: 'der', type: 'spki' });
  return verify('sha256', input, key, signature.subarray(4));
}

describe('get-sth', () => {
  it.each(['ecdsa', 'rsa'])('is signed over the root of all entries: %s', async (name) => {
    const log = simulator.log(name);
    const sth = await get<SthJson>(log, 'get-sth');
    const leaves = Array.from({ length: log.size }, (_, i) => hashOfLeaf(log.entry(i).leafInput));
    expect(Buffer.from(sth.sha256_root_hash, 'base64')).toEqual(merkleTreeHash(leaves));
    expect(sth.tree_size).toBe(log.size);
    expect(sthIsSigned(log, sth)).toBe(true);
    expect(sthIsSigned(log, { ...sth, tree_size: sth.tree_size + 1 })).toBe(false);
  });

  it('shows appended entries only after publication', async () => {
    const log = simulator.addLog({ name: 'publication' });
    log.append(2);
    expect((await get<SthJson>(log, 'get-sth')).tree_size).toBe(0);
    expect(await status(log, 'get-entries?start=0&end=0')).toBe(400);
    log.publish();
    expect((await get<SthJson>(log, 'get-sth')).tree_size).toBe(2);
    expect(await indices(log, 0, 5)).toEqual([0, 1]);
  });

  it('answers 304 to a client that has the newest head', async () => {
    const log = simulator.addLog({ name: 'conditional', initialEntries: 1 });
    const etag = (await fetch(`${log.url}ct/v1/get-sth`)).headers.get('etag') ?? '';
    const headers = { 'If-None-Match': etag };
    expect((await fetch(`${log.url}ct/v1/get-sth`, { headers })).status).toBe(304);
    log.append(1);
    log.publish();
    expect((await fetch(`${log.url}ct/v1/get-sth`, { headers })).status).toBe(200);
  });
});

describe('get-entries', () => {
  it('serves exactly the entries that entry() returns', async () => {
    const log = simulator.log('ecdsa');
    const { entries } = await get<EntriesJson>(log, 'get-entries?start=16&end=31');
    expect(entries).toHaveLength(16);
    entries.forEach((entry, i) => {
      const truth = log.entry(16 + i);
      expect(Buffer.from(entry.leaf_input, 'base64')).toEqual(truth.leafInput);
      expect(Buffer.from(entry.extra_data, 'base64')).toEqual(truth.extraData);
    });
  });

  it('encodes leaf and extra data as in RFC 6962', () => {
    const log = simulator.log('ecdsa');
    for (let index = 0; index < log.size; index++) {
      const { leafInput, extraData, submittedDer, chain, type, timestamp } = log.entry(index);
      expect(leafInput.readUInt16BE(0)).toBe(0);
      expect(Number(leafInput.readBigUInt64BE(2))).toBe(timestamp);
      expect(leafInput.readUInt16BE(10)).toBe(type === 'precert_entry' ? 1 : 0);
      const lengthAt = type === 'precert_entry' ? 44 : 12;
      const end = lengthAt + 3 + leafInput.readUIntBE(lengthAt, 3);
      expect(leafInput.subarray(end)).toEqual(Buffer.from([0, 0]));
      if (type === 'x509_entry') expect(leafInput.subarray(15, end)).toEqual(submittedDer);
      const certificates = type === 'precert_entry' ? vectors(extraData, [submittedDer]) : extraData;
      const list = vectors(certificates, []);
      expect(list.readUIntBE(0, 3)).toBe(list.length - 3);
      expect(vectors(list.subarray(3), chain)).toHaveLength(0);
    }
  });

  it('ends full pages at multiples of the page size', async () => {
    const log = simulator.log('ecdsa');
    expect(await indices(log, 5, 1000)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    expect(await indices(log, 5, 18)).toHaveLength(14);
    expect(await indices(log, 16, 1000)).toHaveLength(16);
    expect(await indices(log, 32, 1000)).toEqual([32, 33, 34, 35, 36, 37, 38, 39]);
    expect(await indices(simulator.log('strict'), 1, 4)).toEqual([1, 2, 3, 4]);
  });

  it.each([
    'get-entries',
    'get-entries?start=0',
    'get-entries?start=3&end=2',
    'get-entries?start=-1&end=2',
    'get-entries?start=a&end=2',
    'get-entries?start=1.5&end=2',
    'get-entries?start=40&end=40',
    'get-entries?start=99999999999999999999&end=99999999999999999999',
  ])('refuses %s with 400', async (path) => {
    expect(await status(simulator.log('ecdsa'), path)).toBe(400);
  });

  it('can refuse an end beyond the tree', async () => {
    const log = simulator.log('strict');
    expect(await status(log, 'get-entries?start=4&end=5')).toBe(400);
    expect(await status(log, 'get-entries?start=4&end=4')).toBe(200);
  });

  it('compresses only when client and log permit it', async () => {
    const { url } = simulator.log('gzip');
    const plain = await fetch(`${url}ct/v1/get-entries?start=0&end=4`, {
      headers: { 'Accept-Encoding': 'identity' },
    });
    const gzip = await fetch(`${url}ct/v1/get-entries?start=0&end=4`, {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect([plain.headers.get('content-encoding'), gzip.headers.get('content-encoding')]).toEqual([
      null,
      'gzip',
    ]);
    expect(await gzip.text()).toBe(await plain.text());
  });

  it('accepts only GET', async () => {
    const { url } = simulator.log('ecdsa');
    expect((await fetch(`${url}ct/v1/get-entries?start=0&end=1`, { method: 'POST' })).status).toBe(405);
  });
});

describe('proofs', () => {
  it('get-sth-consistency connects two heads', async () => {
    const log = simulator.log('ecdsa');
    const { consistency } = await get<{ consistency: string[] }>(
      log,
      'get-sth-consistency?first=13&second=40',
    );
    const proof = consistency.map((hash) => Buffer.from(hash, 'base64'));
    const { tree } = log.history;
    expect(consistencyIsProven(13, 40, tree.root(13), tree.root(40), proof)).toBe(true);
    expect(await status(log, 'get-sth-consistency?first=13&second=41')).toBe(400);
    expect(await status(log, 'get-sth-consistency?first=14&second=13')).toBe(400);
  });

  it('get-proof-by-hash and get-entry-and-proof prove an entry', async () => {
    const log = simulator.log('ecdsa');
    const hash = hashOfLeaf(log.entry(21).leafInput);
    const query = `hash=${encodeURIComponent(hash.toString('base64'))}&tree_size=40`;
    const byHash = await get<{ leaf_index: number; audit_path: string[] }>(log, `get-proof-by-hash?${query}`);
    const byIndex = await get<{ leaf_input: string; audit_path: string[] }>(
      log,
      'get-entry-and-proof?leaf_index=21&tree_size=40',
    );
    expect(byHash.leaf_index).toBe(21);
    expect(byIndex.audit_path).toEqual(byHash.audit_path);
    expect(Buffer.from(byIndex.leaf_input, 'base64')).toEqual(log.entry(21).leafInput);
    const path = byHash.audit_path.map((node) => Buffer.from(node, 'base64'));
    expect(inclusionIsProven(hash, 21, 40, path, log.head.rootHash)).toBe(true);
    const unknown = encodeURIComponent(Buffer.alloc(32).toString('base64'));
    expect(await status(log, `get-proof-by-hash?hash=${unknown}&tree_size=40`)).toBe(404);
    expect(await status(log, 'get-entry-and-proof?leaf_index=40&tree_size=40')).toBe(400);
  });

  it('get-roots has the last certificate of every chain', async () => {
    const log = simulator.log('ecdsa');
    const { certificates } = await get<{ certificates: string[] }>(log, 'get-roots');
    for (let index = 0; index < log.size; index++) {
      expect(certificates).toContain(log.entry(index).chain.at(-1)?.toString('base64'));
    }
  });
});

describe('a log with firstIndex', () => {
  it('starts at that index, in a correctly signed tree', async () => {
    const firstIndex = 1_111_014_091;
    const log = simulator.addLog({ name: 'large', firstIndex });
    log.append(2);
    log.publish();
    const sth = await get<SthJson>(log, 'get-sth');
    expect(sth.tree_size).toBe(firstIndex + 2);
    expect(sthIsSigned(log, sth)).toBe(true);
    const path = `get-entry-and-proof?leaf_index=${firstIndex}&tree_size=${sth.tree_size}`;
    const { leaf_input, audit_path } = await get<{ leaf_input: string; audit_path: string[] }>(log, path);
    const leaf = Buffer.from(leaf_input, 'base64');
    expect(leaf).toEqual(log.entry(firstIndex).leafInput);
    const proof = audit_path.map((node) => Buffer.from(node, 'base64'));
    const root = Buffer.from(sth.sha256_root_hash, 'base64');
    expect(inclusionIsProven(hashOfLeaf(leaf), firstIndex, sth.tree_size, proof, root)).toBe(true);
    expect(await status(log, `get-entries?start=${firstIndex - 256}&end=${firstIndex}`)).toBe(400);
    const page = await get<EntriesJson>(log, `get-entries?start=${firstIndex}&end=${firstIndex + 9}`);
    expect(page.entries).toHaveLength(2);
  });
});

/** Returns the bytes after the given `u24 length | bytes` items, and checks each item. */
function vectors(bytes: Buffer, items: readonly Buffer[]): Buffer {
  let offset = 0;
  for (const item of items) {
    expect(bytes.subarray(offset + 3, offset + 3 + bytes.readUIntBE(offset, 3))).toEqual(item);
    offset += 3 + item.length;
  }
  return bytes.subarray(offset);
}
