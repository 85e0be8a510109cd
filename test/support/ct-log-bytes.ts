import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Encoders for RFC 6962 and static-ct-api structures. They share no code with the decoders that they test. */
export function u(bytes: number, value: number): Buffer {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, bytes > 6 ? bytes - 6 : 0, Math.min(bytes, 6));
  return out;
}

export function vector(lengthBytes: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([u(lengthBytes, content.length), content]);
}

export interface EntryParts {
  readonly timestamp?: number;
  readonly certificate?: Buffer;
  readonly extensions?: Buffer;
  /** The precertificate, which makes the entry a precert_entry. `certificate` is then its TBSCertificate. */
  readonly precertificate?: Buffer;
  readonly issuerKeyHash?: Buffer;
  readonly chain?: readonly Buffer[];
}

const ISSUER_KEY_HASH = Buffer.alloc(32, 0x77);

export function timestampedEntry(parts: EntryParts): Buffer {
  const {
    timestamp = 1_763_795_400_123,
    certificate = Buffer.from('certificate'),
    extensions = Buffer.alloc(0),
  } = parts;
  return Buffer.concat([
    u(8, timestamp),
    u(2, parts.precertificate === undefined ? 0 : 1),
    parts.precertificate === undefined ? Buffer.alloc(0) : (parts.issuerKeyHash ?? ISSUER_KEY_HASH),
    vector(3, certificate),
    vector(2, extensions),
  ]);
}

export function leafInput(parts: EntryParts): Buffer {
  return Buffer.concat([u(2, 0), timestampedEntry(parts)]);
}

export function extraData({ precertificate, chain = [] }: EntryParts): Buffer {
  const list = vector(3, ...chain.map((der) => vector(3, der)));
  return precertificate === undefined ? list : Buffer.concat([vector(3, precertificate), list]);
}

export function pageJson(entries: readonly EntryParts[]): string {
  return JSON.stringify({
    entries: entries.map((parts) => ({
      leaf_input: leafInput(parts).toString('base64'),
      extra_data: extraData(parts).toString('base64'),
    })),
  });
}

export function leafIndexExtension(index: number): Buffer {
  return Buffer.concat([u(1, 0), vector(2, u(5, index))]);
}

/** Encodes a TileLeaf. `chain` holds the issuers; the tile contains their fingerprints. */
export function tileLeaf(index: number, parts: EntryParts): Buffer {
  const { precertificate, chain = [] } = parts;
  return Buffer.concat([
    timestampedEntry({ ...parts, extensions: parts.extensions ?? leafIndexExtension(index) }),
    precertificate === undefined ? Buffer.alloc(0) : vector(3, precertificate),
    vector(2, ...chain.map((der) => sha256(der))),
  ]);
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export interface TestKey {
  readonly spki: Buffer;
  readonly privateKey: KeyObject;
  readonly algorithm: 1 | 3;
}

export function testKey(kind: 'ec' | 'rsa' = 'ec'): TestKey {
  const { publicKey, privateKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    privateKey,
    algorithm: kind === 'ec' ? 3 : 1,
  };
}

export interface Tree {
  readonly size: number;
  readonly timestamp: number;
  readonly root: Buffer;
}

export function digitallySigned(tree: Tree, key: TestKey): Buffer {
  const input = Buffer.concat([u(1, 0), u(1, 1), u(8, tree.timestamp), u(8, tree.size), tree.root]);
  return Buffer.concat([u(1, 4), u(1, key.algorithm), vector(2, sign('sha256', input, key.privateKey))]);
}

export function sthJson(tree: Tree, key: TestKey): string {
  return JSON.stringify({
    tree_size: tree.size,
    timestamp: tree.timestamp,
    sha256_root_hash: tree.root.toString('base64'),
    tree_head_signature: digitallySigned(tree, key).toString('base64'),
  });
}

export function signatureLine(origin: string, tree: Tree, key: TestKey): string {
  const logId = sha256(key.spki);
  const keyId = sha256(Buffer.concat([Buffer.from(origin), Buffer.from([0x0a, 0x05]), logId])).subarray(0, 4);
  const blob = Buffer.concat([keyId, u(8, tree.timestamp), digitallySigned(tree, key)]);
  return `— ${origin} ${blob.toString('base64')}\n`;
}

export function checkpointText(origin: string, tree: Tree, key: TestKey): string {
  return `${origin}\n${tree.size}\n${tree.root.toString('base64')}\n\n${signatureLine(origin, tree, key)}`;
}
