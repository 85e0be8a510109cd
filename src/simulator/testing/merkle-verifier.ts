import { createHash } from 'node:crypto';

/** Verifiers after RFC 9162, 2.1.3.2 and 2.1.4.2, that share no code with the tree that they check. */
function sha256(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

export function hashOfLeaf(leaf: Buffer): Buffer {
  return sha256(Buffer.from([0]), leaf);
}

function hashOfNode(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.from([1]), left, right);
}

/** Computes MTH as defined in RFC 6962, 2.1. */
export function merkleTreeHash(leafHashes: readonly Buffer[]): Buffer {
  const [first] = leafHashes;
  if (!first) return sha256();
  if (leafHashes.length === 1) return first;
  let k = 1;
  while (k * 2 < leafHashes.length) k *= 2;
  return hashOfNode(merkleTreeHash(leafHashes.slice(0, k)), merkleTreeHash(leafHashes.slice(k)));
}

export function inclusionIsProven(
  leafHash: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
  root: Buffer,
): boolean {
  let fn = BigInt(index);
  let sn = BigInt(size - 1);
  if (fn > sn) return false;
  let r = leafHash;
  for (const p of path) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      r = hashOfNode(p, r);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = hashOfNode(r, p);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && r.equals(root);
}

export function consistencyIsProven(
  first: number,
  second: number,
  firstRoot: Buffer,
  secondRoot: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (first === second) return proof.length === 0 && firstRoot.equals(secondRoot);
  const isPowerOfTwo = Number.isInteger(Math.log2(first));
  const [start, ...rest] = isPowerOfTwo ? [firstRoot, ...proof] : proof;
  if (!start) return false;
  let fn = BigInt(first - 1);
  let sn = BigInt(second - 1);
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let fr = start;
  let sr = start;
  for (const c of rest) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      fr = hashOfNode(c, fr);
      sr = hashOfNode(c, sr);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = hashOfNode(sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && fr.equals(firstRoot) && sr.equals(secondRoot);
}
