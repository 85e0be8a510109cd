import { describe, expect, it } from 'vitest';
import { MerkleTree } from '../../../simulator/log/merkle-tree.js';
import { CtHttpStatusError } from '../ct-log-error.js';
import { CompactRange } from '../merkle/compact-range.js';
import { isConsistent } from '../merkle/merkle-proofs.js';
import { leafHash } from '../merkle/tree-hash.js';
import { HashTiles } from './hash-tiles.js';

const { signal } = new AbortController();
const PATH = /^tile\/(\d)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/;

function treeOf(size: number, prefix = 0): MerkleTree {
  const tree = new MerkleTree(prefix);
  for (let i = prefix; i < prefix + size; i++) tree.append(leafHash(Buffer.from(`leaf ${i}`)));
  return tree;
}

interface Served {
  readonly paths: string[];
  readonly tiles: HashTiles;
}

/** @param isServed returns whether a partial tile of this width is still served. */
function serve(tree: MerkleTree, isServed: (width: number) => boolean = () => true): Served {
  const paths: string[] = [];
  const tiles = new HashTiles((path) => {
    paths.push(path);
    const [, level, index, width] = PATH.exec(path)!;
    if (width !== undefined && !isServed(Number(width)))
      return Promise.reject(new CtHttpStatusError(path, 404));
    return Promise.resolve(
      tree.hashTile(Number(level), Number(index.replaceAll(/[x/]/g, '')), Number(width ?? 256)),
    );
  });
  return { paths, tiles };
}

describe('HashTiles', () => {
  const large = treeOf(65_900);

  it('returns the compact range of sizes up to 300, and the proof that the head begins with them', async () => {
    const tree = treeOf(300);
    for (let size = 0; size <= 300; size += size < 20 || size > 250 ? 1 : 7) {
      const { tiles } = serve(tree);
      const range = CompactRange.of(size, await tiles.compactRange(size, 300, signal));
      expect(range.root()).toEqual(tree.root(size));
      const proof = await tiles.consistencyProof(size, 300, signal);
      expect(proof).toEqual(size === 0 ? [] : tree.consistencyProof(size, 300));
    }
  });

  it.each([512, 65_536, 65_537])('returns both for %d entries in a tree of three levels', async (size) => {
    const tree = treeOf(65_900);
    const { tiles } = serve(tree);
    const range = CompactRange.of(size, await tiles.compactRange(size, large.size, signal));
    expect(range.root()).toEqual(large.root(size));
    const proof = await tiles.consistencyProof(size, large.size, signal);
    expect(isConsistent({ size, root: range.root() }, { size: large.size, root: large.root() }, proof)).toBe(
      true,
    );
  });

  it('works far beyond 2^32 entries', async () => {
    const prefix = 2 ** 40 + 2 ** 33 + 256 * 999_999;
    const tree = treeOf(700, prefix);
    const { tiles } = serve(tree);
    const range = CompactRange.of(prefix + 600, await tiles.compactRange(prefix + 600, tree.size, signal));
    expect(range.root()).toEqual(tree.root(prefix + 600));
    const proof = await tiles.consistencyProof(prefix + 600, tree.size, signal);
    expect(proof).toEqual(tree.consistencyProof(prefix + 600, tree.size));
  });

  it('requests only widths of the head, and each tile once', async () => {
    const { tiles, paths } = serve(treeOf(600));
    await tiles.compactRange(550, 600, signal);
    await tiles.consistencyProof(550, 600, signal);
    expect(paths.toSorted()).toEqual(['tile/0/002.p/88', 'tile/1/000.p/2']);
  });

  it('fetches the tiles again when the same proof is requested again: a tile may have been damaged in transit', async () => {
    const tree = treeOf(800);
    let damaged = 2;
    const tiles = new HashTiles((path) => {
      const [, level, index, width] = PATH.exec(path)!;
      const tile = Buffer.from(tree.hashTile(Number(level), Number(index), Number(width ?? 256)));
      if (damaged-- > 0) tile[tile.length - 1] ^= 1;
      return Promise.resolve(tile);
    });
    expect(await tiles.consistencyProof(600, 800, signal)).not.toEqual(tree.consistencyProof(600, 800));
    expect(await tiles.consistencyProof(600, 800, signal)).toEqual(tree.consistencyProof(600, 800));
  });

  it('fetches the full tile if the partial one is gone', async () => {
    const tree = treeOf(800);
    const { tiles, paths } = serve(tree, (width) => width < 10);
    const range = CompactRange.of(520, await tiles.compactRange(520, 600, signal));
    expect(range.root()).toEqual(tree.root(520));
    expect(paths).toContain('tile/0/002');
  });

  it('rejects tiles of another length, and sizes larger than the head', async () => {
    const short = new HashTiles(() => Promise.resolve(Buffer.alloc(31)));
    await expect(short.compactRange(5, 7, signal)).rejects.toMatchObject({ code: 'CT_MALFORMED_TILE' });
    await expect(short.compactRange(8, 7, signal)).rejects.toMatchObject({ code: 'CT_OUT_OF_RANGE' });
    await expect(short.compactRange(8, 2 ** 50, signal)).rejects.toMatchObject({ code: 'CT_OUT_OF_RANGE' });
  });
});
