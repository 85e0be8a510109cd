import { existsSync, readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointText, signatureLine, sthJson, testKey } from '../../../test/support/ct-log-bytes.js';
import { isConsistent } from './merkle/merkle-proofs.js';
import { decodeSignedTreeHead } from './rfc6962/signed-tree-head.js';
import { decodeCheckpoint } from './static-ct/checkpoint.js';
import { TreeHeadVerifier } from './tree-head-signature.js';

const tree = { size: 6_150_000_123, timestamp: 1_791_095_073_447, root: Buffer.alloc(32, 0x5a) };
const head = { treeSize: tree.size, timestamp: tree.timestamp, rootHash: tree.root };
const origin = 'log.example.net/2026h2';
const badSignature = expect.objectContaining({ code: 'CT_TREE_HEAD_SIGNATURE' });
const malformed = expect.objectContaining({ code: 'CT_MALFORMED_TREE_HEAD' });
const ec = testKey('ec');
const rsa = testKey('rsa');

describe.each([
  ['ECDSA P-256', ec, rsa],
  ['RSA', rsa, ec],
])('tree heads signed with %s', (_name, key, other) => {
  const verifier = new TreeHeadVerifier(key.spki);

  it('are accepted with the signature of the key, as STH and as checkpoint', () => {
    expect(decodeSignedTreeHead(Buffer.from(sthJson(tree, key)), verifier)).toMatchObject(head);
    expect(
      decodeCheckpoint(Buffer.from(checkpointText(origin, tree, key)), { origin, verifier }),
    ).toMatchObject(head);
  });

  it('are rejected with another size, time, root or key', () => {
    const fields = JSON.parse(sthJson(tree, key)) as Record<string, unknown>;
    const root = Buffer.alloc(32, 0x5b).toString('base64');
    for (const change of [{ tree_size: tree.size + 1 }, { timestamp: 1 }, { sha256_root_hash: root }]) {
      const body = Buffer.from(JSON.stringify({ ...fields, ...change }));
      expect(() => decodeSignedTreeHead(body, verifier)).toThrow(badSignature);
      expect(decodeSignedTreeHead(body, undefined)).toBeDefined();
    }
    expect(() => decodeSignedTreeHead(Buffer.from(sthJson(tree, other)), verifier)).toThrow(badSignature);
    const note = checkpointText(origin, tree, key).replace(String(tree.size), String(tree.size + 1));
    expect(() => decodeCheckpoint(Buffer.from(note), { origin, verifier })).toThrow(badSignature);
    const foreign = Buffer.from(checkpointText(origin, tree, other));
    expect(() => decodeCheckpoint(foreign, { origin, verifier })).toThrow(badSignature);
  });
});

describe('TreeHeadVerifier', () => {
  it('rejects keys that logs must not have', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    expect(() => new TreeHeadVerifier(p384.export({ type: 'spki', format: 'der' }))).toThrow(badSignature);
    expect(() => new TreeHeadVerifier(Buffer.from('no key'))).toThrow(badSignature);
  });
});

describe('decodeSignedTreeHead', () => {
  it.each([
    '',
    '<html>',
    '[]',
    '{"tree_size":1}',
    sthJson(tree, ec).replace(/"tree_size":\d+/, '"tree_size":-1'),
    sthJson(tree, ec).replace(/"tree_size":\d+/, '"tree_size":1e300'),
    sthJson(tree, ec).replace(/"timestamp":\d+/, '"timestamp":"1"'),
    sthJson(tree, ec).replace(/"sha256_root_hash":"..../, '"sha256_root_hash":"'),
  ])('refuses %s', (body) => {
    expect(() => decodeSignedTreeHead(Buffer.from(body), undefined)).toThrow(malformed);
  });
});

describe('decodeCheckpoint', () => {
  const verifier = new TreeHeadVerifier(ec.spki);
  const note = checkpointText(origin, tree, ec);
  const decode = (text: string) => decodeCheckpoint(Buffer.from(text), { origin, verifier });

  it('ignores signatures of other names and types', () => {
    const others = [
      '— grease.invalid AAAAAAAA\n',
      `— ${origin} ${Buffer.alloc(68, 1).toString('base64')}\n`,
      signatureLine('witness.example', tree, ec),
      ...Array.from({ length: 20 }, (_, i) => `— witness${i}.example AAAAAAAA\n`),
    ].join('');
    expect(decode(note.replace('\n\n', `\n\n${others}`) + others)).toMatchObject(head);
  });

  it('accepts any origin if none is expected, and reads the time if there is no key', () => {
    expect(decodeCheckpoint(Buffer.from(note), { origin: undefined, verifier })).toMatchObject(head);
    expect(decodeCheckpoint(Buffer.from(note), { origin: undefined, verifier: undefined })).toMatchObject(
      head,
    );
  });

  it('rejects a signature for another origin', () => {
    const [text] = note.split('\n\n');
    expect(() => decode(`${text}\n\n${signatureLine('log.example.net/2026h1', tree, ec)}`)).toThrow(
      badSignature,
    );
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html>\n\n</html>\n'],
    ['another origin', note.replaceAll('2026h2', '2026h1')],
    ['an extension line', note.replace('\n\n', '\nextension\n\n')],
    ['a leading zero', note.replace(String(tree.size), `0${tree.size}`)],
    ['a negative size', note.replace(String(tree.size), '-1')],
    ['a size beyond 2^53', note.replace(String(tree.size), '9999999999999999')],
    ['a short root hash', note.replace(tree.root.toString('base64'), 'AAAA')],
    ['a missing newline at the end', note.slice(0, -1)],
    ['a line that is not a signature', `${note}hello\n`.replace(/— /, 'x ')],
  ])('refuses %s', (_what, text) => {
    expect(() => decode(text)).toThrow(malformed);
  });
});

const corpus = process.env['CT_CORPUS_DIR'] ?? '';
const treeHeads = join(corpus, 'tree-heads');
const hasTreeHeads = corpus !== '' && existsSync(treeHeads);
if (!hasTreeHeads) console.warn('skipped: real tree heads (CT_CORPUS_DIR is not set)');

interface ListedLog {
  readonly description?: string;
  readonly key: string;
  readonly submission_url?: string;
}

function listed(description: string): ListedLog {
  const text = readFileSync(
    join(corpus, 'log-lists/pki-data-google-all/all_log_list.2026-08-21.e6e9654.json'),
    'utf8',
  );
  const list = JSON.parse(text) as { operators: { logs: ListedLog[]; tiled_logs: ListedLog[] }[] };
  const logs = list.operators.flatMap((operator) => [...operator.logs, ...operator.tiled_logs]);
  return logs.find((log) => log.description?.includes(description))!;
}

describe.skipIf(!hasTreeHeads)('real tree heads', () => {
  it.each(['argon2027h1_sth1.json', 'argon2027h1_sth2.json'])('%s verifies', (name) => {
    const verifier = new TreeHeadVerifier(Buffer.from(listed('Argon2027h1').key, 'base64'));
    const body = readFileSync(join(treeHeads, name));
    expect(decodeSignedTreeHead(body, verifier).treeSize).toBeGreaterThan(384_000_000);
    const other = new TreeHeadVerifier(Buffer.from(listed('Xenon2027h1').key, 'base64'));
    expect(() => decodeSignedTreeHead(body, other)).toThrow(badSignature);
  });

  it('a checkpoint with witness signatures verifies', () => {
    const { key, submission_url } = listed('ParcelYard2026h2');
    const verifier = new TreeHeadVerifier(Buffer.from(key, 'base64'));
    const expectedOrigin = submission_url!.replace(/^https:\/\//, '').replace(/\/$/, '');
    const body = readFileSync(join(treeHeads, 'parcelyard2026h2_checkpoint'));
    const decoded = decodeCheckpoint(body, { origin: expectedOrigin, verifier });
    expect(decoded.treeSize).toBe(1_587_930_800);
    expect(new Date(decoded.timestamp).toISOString()).toMatch(/^2026-10-07T04:22:53/);
  });

  it('the two heads of Argon2027h1 are consistent by its proof, and by no other', () => {
    const heads = ['argon2027h1_sth1.json', 'argon2027h1_sth2.json'].map((name) =>
      decodeSignedTreeHead(readFileSync(join(treeHeads, name)), undefined),
    );
    const [first, second] = heads.map(({ treeSize: size, rootHash }) => ({ size, root: rootHash }));
    const { consistency } = JSON.parse(
      readFileSync(join(treeHeads, 'argon2027h1_consistency.json'), 'utf8'),
    ) as { consistency: string[] };
    const proof = consistency.map((hash) => Buffer.from(hash, 'base64'));
    expect(isConsistent(first, second, proof)).toBe(true);
    expect(isConsistent(first, second, proof.slice(1))).toBe(false);
    expect(isConsistent(first, { ...second, root: Buffer.alloc(32) }, proof)).toBe(false);
    expect(isConsistent({ ...first, size: first.size - 1 }, second, proof)).toBe(false);
  });

  it.each([
    ['size', 'tree_size', (value: unknown) => Number(value) + 1],
    ['timestamp', 'timestamp', (value: unknown) => Number(value) + 1],
    ['root', 'sha256_root_hash', () => Buffer.alloc(32).toString('base64')],
  ])('fail with the reason if the %s is another', (_what, field, change) => {
    const verifier = new TreeHeadVerifier(Buffer.from(listed('Argon2027h1').key, 'base64'));
    const body = JSON.parse(readFileSync(join(treeHeads, 'argon2027h1_sth1.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const tampered = Buffer.from(JSON.stringify({ ...body, [field]: change(body[field]) }));
    expect(() => decodeSignedTreeHead(tampered, verifier)).toThrow(/is not signed by the log's key/);
  });

  it('fail with the reason if a checkpoint has another size or root', () => {
    const { key } = listed('ParcelYard2026h2');
    const verifier = new TreeHeadVerifier(Buffer.from(key, 'base64'));
    const text = readFileSync(join(treeHeads, 'parcelyard2026h2_checkpoint'), 'utf8');
    const [name, size, root] = text.split('\n');
    for (const tampered of [
      text.replace(size, `1${size}`),
      text.replace(root, Buffer.alloc(32).toString('base64')),
    ]) {
      expect(() => decodeCheckpoint(Buffer.from(tampered), { origin: name, verifier })).toThrow(
        /is not signed by the log's key/,
      );
    }
  });
});
