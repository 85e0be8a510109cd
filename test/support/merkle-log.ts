import type { EntryBatch } from '../../src/certificate/entry-batch.js';
import { EntryColumn } from '../../src/certificate/entry-batch.js';
import { EntryBatchBuilder } from '../../src/certificate/entry-batch-builder.js';
import type { CtLogClient, SignedTreeHead } from '../../src/ct-log/client/ct-log-client.js';
import { MerkleTree, leafHash } from '../../src/simulator/log/merkle-tree.js';
import { FAKE_SOURCE } from './fake-ct-log.js';

const { TimestampedEntryStart, TimestampedEntryEnd } = EntryColumn;
const LEAF_BYTES = 16;

/** A log in memory with a real tree. Entry `i` consists of 16 bytes that contain `i`. */
export class MerkleLog implements CtLogClient {
  readonly pageSize = 256;
  readonly tree = new MerkleTree();
  /** Number of requests for proofs. */
  proofs = 0;
  failProofs = false;

  constructor(size: number) {
    this.grow(size);
  }

  grow(count: number): SignedTreeHead {
    for (let i = 0; i < count; i++) this.tree.append(leafHash(leaf(this.tree.size, 0)));
    return this.head();
  }

  head(size = this.tree.size, timestamp = size): SignedTreeHead {
    return { treeSize: size, timestamp, rootHash: this.tree.root(size), signed: Buffer.from(`head ${size}`) };
  }

  /** Returns the entries `from` to `to - 1`. @param wrong indices whose entries differ from those of the tree. */
  batch(from: number, to: number, wrong: readonly number[] = []): EntryBatch {
    const builder = new EntryBatchBuilder('get-entries', to - from);
    for (let i = from; i < to; i++) {
      const row = builder.add(i);
      builder.table[row + TimestampedEntryStart] = (i - from) * LEAF_BYTES + 2;
      builder.table[row + TimestampedEntryEnd] = (i - from + 1) * LEAF_BYTES;
    }
    const leaves = Array.from({ length: to - from }, (_, i) =>
      leaf(from + i, wrong.includes(from + i) ? 1 : 0),
    );
    return builder.build({ source: FAKE_SOURCE, firstIndex: from, bytes: Buffer.concat(leaves), seen: 0 });
  }

  getTreeHead(): Promise<SignedTreeHead> {
    return Promise.resolve(this.head());
  }

  getEntries(start: number, end: number): Promise<EntryBatch> {
    return Promise.resolve(this.batch(start, end));
  }

  getCompactRange(size: number): Promise<readonly Buffer[]> {
    this.proofs++;
    if (this.failProofs) return Promise.reject(new Error('no proofs'));
    const nodes: Buffer[] = [];
    for (let at = 0, height = 52; height >= 0; height--) {
      if (Math.floor(size / 2 ** height) % 2 === 0) continue;
      nodes.push(this.tree.node(height, at / 2 ** height));
      at += 2 ** height;
    }
    return Promise.resolve(nodes);
  }

  getConsistencyProof(first: number, second: number): Promise<readonly Buffer[]> {
    this.proofs++;
    if (this.failProofs) return Promise.reject(new Error('no proofs'));
    return Promise.resolve(first === 0 ? [] : this.tree.consistencyProof(first, second));
  }
}

function leaf(index: number, version: number): Buffer {
  const bytes = Buffer.alloc(LEAF_BYTES);
  bytes.writeUIntBE(index, 2, 6);
  bytes[15] = version;
  return bytes;
}
