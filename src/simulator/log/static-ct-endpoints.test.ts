import { createHash, createPublicKey, verify } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CtLogSimulator } from '../ct-log-simulator.js';
import { hashOfLeaf, merkleTreeHash } from '../testing/merkle-verifier.js';
import type { SimulatedLog } from '../simulated-log.js';

let simulator: CtLogSimulator;
let log: SimulatedLog;
beforeAll(async () => {
  simulator = await CtLogSimulator.start({ certificates: 50 });
  log = simulator.addLog({
    name: 'tiled',
    protocol: 'static-ct',
    submissionName: 'submit',
    initialEntries: 100,
  });
  log.append(200);
  log.publish();
});
afterAll(() => simulator.close());

/** Returns the raw bytes of the body, not decoded. */
async function raw(
  path: string,
  of = log,
): Promise<{ status: number; encoding: string | undefined; body: Buffer }> {
  const outgoing = request(of.url + path).end();
  const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = Buffer.concat((await message.toArray()) as Buffer[]);
  return { status: message.statusCode ?? 0, encoding: message.headers['content-encoding'], body };
}

function leavesOf(tile: Buffer): { leafInput: Buffer; rest: Buffer; index: number }[] {
  const leaves = [];
  let at = 0;
  const vector = (lengthBytes: number): Buffer => {
    const start = at + lengthBytes;
    at = start + tile.readUIntBE(at, lengthBytes);
    expect(at).toBeLessThanOrEqual(tile.length);
    return tile.subarray(start, at);
  };
  while (at < tile.length) {
    const start = at;
    const isPrecert = tile.readUInt16BE(at + 8) === 1;
    at += isPrecert ? 42 : 10;
    vector(3);
    const extensions = vector(2);
    const end = at;
    if (isPrecert) vector(3);
    expect(vector(2).length % 32).toBe(0);
    const index = extensions.length === 8 ? extensions.readUIntBE(3, 5) : -1;
    const leafInput = Buffer.concat([Buffer.alloc(2), tile.subarray(start, end)]);
    leaves.push({ leafInput, rest: tile.subarray(end, at), index });
  }
  return leaves;
}

describe('checkpoint', () => {
  it.each(['ecdsa', 'rsa'] as const)('is a signed note with the tree head: %s', async (keyType) => {
    const other = simulator.addLog({
      name: `note-${keyType}`,
      protocol: 'static-ct',
      keyType,
      initialEntries: 3,
    });
    const note = (await raw('checkpoint', other)).body.toString();
    const [text = '', signatures = ''] = note.split('\n\n');
    const [origin = '', size = '', root = ''] = text.split('\n');
    expect(origin).toBe(other.submissionUrl.slice('http://'.length, -1));
    expect(text.split('\n')).toHaveLength(3);
    const line = signatures.split('\n').find((candidate) => candidate.startsWith(`\u2014 ${origin} `)) ?? '';
    const blob = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    const keyId = createHash('sha256')
      .update(`${origin}\n\x05`)
      .update(other.key.logId)
      .digest()
      .subarray(0, 4);
    expect(blob.subarray(0, 4)).toEqual(keyId);
    expect([blob[12], blob[13], blob.readUInt16BE(14)]).toEqual([
      4,
      keyType === 'rsa' ? 1 : 3,
      blob.length - 16,
    ]);
    const input = Buffer.alloc(50);
    input[1] = 1;
    blob.copy(input, 2, 4, 12);
    input.writeBigUInt64BE(BigInt(size), 10);
    Buffer.from(root, 'base64').copy(input, 18);
    const key = createPublicKey({ key: other.key.spki, format: 'der', type: 'spki' });
    expect(verify('sha256', input, key, blob.subarray(16))).toBe(true);
    const hashes = [0, 1, 2].map((index) => hashOfLeaf(other.entry(index).leafInput));
    expect(root).toBe(merkleTreeHash(hashes).toString('base64'));
  });
});

describe('data tiles', () => {
  it('are compressed with gzip and contain the leaves of the tree with their index', async () => {
    const full = await raw('tile/data/000');
    const partial = await raw('tile/data/001.p/44');
    expect([full.status, full.encoding, partial.status, partial.encoding]).toEqual([
      200,
      'gzip',
      200,
      'gzip',
    ]);
    const leaves = [...leavesOf(gunzipSync(full.body)), ...leavesOf(gunzipSync(partial.body))];
    expect(leaves.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    leaves.forEach(({ leafInput, rest }, index) => {
      const entry = log.entry(index);
      expect(leafInput).toEqual(entry.leafInput);
      expect(entry.tileLeaf.subarray(-rest.length)).toEqual(rest);
    });
    expect(merkleTreeHash(leaves.map(({ leafInput }) => hashOfLeaf(leafInput)))).toEqual(log.head.rootHash);
  });

  it('can be uncompressed', async () => {
    const plain = simulator.addLog({
      name: 'plain',
      protocol: 'static-ct',
      gzipTiles: false,
      initialEntries: 2,
    });
    const { encoding, body } = await raw('tile/data/000.p/2', plain);
    expect(encoding).toBeUndefined();
    expect(leavesOf(body)).toHaveLength(2);
  });

  it('contain the precertificate and the fingerprints of the chain, which /issuer/ resolves', async () => {
    const precert = Array.from({ length: 300 }, (_, i) => log.entry(i)).find(
      ({ type }) => type === 'precert_entry',
    );
    const { rest } = leavesOf(precert?.tileLeaf ?? Buffer.alloc(0))[0] ?? { rest: Buffer.alloc(0) };
    const length = rest.readUIntBE(0, 3);
    expect(rest.subarray(3, 3 + length)).toEqual(precert?.submittedDer);
    const prints = rest.subarray(5 + length);
    expect(prints.length).toBe((precert?.chain.length ?? 0) * 32);
    for (const [i, der] of precert?.chain.entries() ?? []) {
      const hex = prints.toString('hex', i * 32, i * 32 + 32);
      expect(await raw(`issuer/${hex}`)).toMatchObject({ status: 200, body: der });
    }
    expect((await raw(`issuer/${'0'.repeat(64)}`)).status).toBe(404);
  });
});

describe('hash tiles', () => {
  it('lead to the root', async () => {
    const level0 = Buffer.concat([(await raw('tile/0/000')).body, (await raw('tile/0/001.p/44')).body]);
    const hashes = Array.from({ length: 300 }, (_, i) => level0.subarray(i * 32, i * 32 + 32));
    expect(merkleTreeHash(hashes)).toEqual(log.head.rootHash);
    expect((await raw('tile/1/000.p/1')).body).toEqual(merkleTreeHash(hashes.slice(0, 256)));
  });
});

describe('tile paths', () => {
  it.each([
    'tile/data/001',
    'tile/data/001.p/43',
    'tile/data/001.p/45',
    'tile/data/000.p/256',
    'tile/data/000.p/0',
    'tile/data/000.p/044',
    'tile/data/0',
    'tile/data/x000/000',
    'tile/0/001',
    'tile/0/001.p/43',
    'tile/1/000',
    'tile/6/000',
    'tile/data/',
    'tile/',
    'issuer/',
    'ct/v1/get-sth',
  ])('404: %s', async (path) => {
    expect((await raw(path)).status).toBe(404);
  });

  it('serve partial tiles of exactly the published sizes, also after the full tile exists', async () => {
    expect((await raw('tile/data/000.p/100')).status).toBe(200);
    expect((await raw('tile/0/000.p/100')).status).toBe(200);
    expect((await raw('tile/data/000.p/101')).status).toBe(404);
  });

  it('can lose their partial tiles when the full tile exists', async () => {
    const options = { protocol: 'static-ct', partialTilesVanish: true, initialEntries: 100 } as const;
    const vanishing = simulator.addLog({ name: 'vanishing', ...options });
    expect((await raw('tile/data/000.p/100', vanishing)).status).toBe(200);
    vanishing.append(156);
    vanishing.publish();
    expect((await raw('tile/data/000.p/100', vanishing)).status).toBe(404);
    expect((await raw('tile/data/000', vanishing)).status).toBe(200);
  });

  it('serve tiles of large indices, and none of the opaque prefix', async () => {
    const firstIndex = 1_234_567 * 256 + 3;
    const large = simulator.addLog({ name: 'large', protocol: 'static-ct', firstIndex });
    large.append(1);
    large.publish();
    const leaves = leavesOf(gunzipSync((await raw('tile/data/x001/x234/567.p/4', large)).body));
    expect(leaves.map(({ index }) => index)).toEqual([
      firstIndex - 3,
      firstIndex - 2,
      firstIndex - 1,
      firstIndex,
    ]);
    expect((await raw('tile/data/x001/x234/566', large)).status).toBe(404);
    expect((await raw('tile/0/x001/x234/566', large)).status).toBe(404);
    expect((await raw('tile/1/x004/822.p/135', large)).status).toBe(200);
  });
});

describe('a hybrid log', () => {
  it('serves the same leaves both ways, without leaf_index', async () => {
    const hybrid = simulator.addLog({ name: 'hybrid', protocol: 'hybrid', initialEntries: 10 });
    const leaves = leavesOf(gunzipSync((await raw('tile/data/000.p/10', hybrid)).body));
    const page = JSON.parse((await raw('ct/v1/get-entries?start=0&end=9', hybrid)).body.toString()) as {
      entries: { leaf_input: string }[];
    };
    expect(leaves.map(({ leafInput }) => leafInput.toString('base64'))).toEqual(
      page.entries.map(({ leaf_input }) => leaf_input),
    );
    expect(leaves.every(({ index }) => index === -1)).toBe(true);
  });
});
