import { IdPool } from '../hashed-ids.js';
import { HashTable } from './hash-table.js';
import { ANYWHERE_LENGTH, distanceWithin, isContained, maxDistance } from './similarity.js';
import { hashOfBoth, hashOfPart, hashWithout, prepareWithoutTwo } from './skeleton-hash.js';
import type { Skeleton } from './skeleton.js';

/** Lengths of skeletons are below this. */
const LENGTHS = 256;

interface IndexedSkeleton {
  readonly skeleton: Skeleton;
  readonly maxDistance: number;
}

/**
 * Finds the skeletons that a label imitates, with a few look-ups of hashes per unit of the label whatever the number of
 * skeletons. A skeleton is found by its first units anywhere in a label, or as a whole part of it. Skeletons at a small
 * distance are found by the symmetric deletion rule: two texts with distance k have a text in common that results from at most
 * k omissions in each of them. A hash only proposes a skeleton; the plain rules of `similarity.ts` decide.
 */
export class BrandIndex {
  private readonly skeletons: (IndexedSkeleton | undefined)[] = [];
  private readonly ids = new IdPool();
  /** By the hash of the first units; only skeletons that are found anywhere. */
  private readonly heads = new HashTable();
  /** By the hash of all units; only skeletons that are found as parts. */
  private readonly parts = new HashTable();
  /** By the hash of all units. */
  private readonly wholes = new HashTable();
  /** By the hashes of all units and of all units without one or two, as many as the distance permits. */
  private readonly omissions = new HashTable();
  /** Number of skeletons by length. */
  private readonly lengths = new Uint32Array(LENGTHS);
  private partLengths: readonly number[] = [];
  /** By the length of a label: how many omissions can lead to a skeleton of the index, or -1 if it is too long or short. */
  private readonly reach = new Int8Array(LENGTHS).fill(-1);
  private readonly starts = new Int32Array(LENGTHS);
  private readonly ends = new Int32Array(LENGTHS);

  add(skeleton: Skeleton): number {
    const id = this.ids.take();
    this.skeletons[id] = { skeleton, maxDistance: maxDistance(skeleton.length) };
    this.forEachHash(skeleton, (table, hash) => table.add(hash, id));
    this.changeLength(skeleton.length, 1);
    return id;
  }

  remove(id: number): void {
    const indexed = this.skeletons[id];
    if (indexed === undefined) return;
    this.skeletons[id] = undefined;
    this.ids.release(id);
    this.forEachHash(indexed.skeleton, (table, hash) => table.remove(hash, id));
    this.changeLength(indexed.skeleton.length, -1);
  }

  /** Calls `found` with the ids of the skeletons that the label imitates. An id may be found several times. */
  findIn(label: Skeleton, found: (id: number) => void): void {
    if (this.heads.size > 0) this.findAnywhere(label, found);
    if (this.parts.size > 0) this.findParts(label, found);
    const reach = this.reach[label.length];
    if (reach > 0) this.findNear(label, reach, found);
  }

  /** Returns false if no skeleton is that of two labels written as one, of which only lengths and hashes are known. */
  mayHaveBoth(leftLength: number, leftHash: number, rightLength: number, rightHash: number): boolean {
    const length = leftLength + rightLength;
    if (length >= LENGTHS || this.lengths[length] === 0) return false;
    return this.wholes.mayHave(hashOfBoth(leftLength, leftHash, rightHash));
  }

  /** Calls `found` with the ids of the skeletons that two labels are when written as one. */
  findBoth(left: Skeleton, right: Skeleton, found: (id: number) => void): void {
    const { wholes } = this;
    const hash = hashOfBoth(left.length, left.hash, right.hash);
    for (let slot = wholes.first(hash); slot >= 0; slot = wholes.next(hash, slot)) {
      const id = wholes.at(slot);
      if (isBoth(this.skeletons[id]!.skeleton, left, right)) found(id);
    }
  }

  private findAnywhere(label: Skeleton, found: (id: number) => void): void {
    const { heads } = this;
    for (let at = 0; at + ANYWHERE_LENGTH <= label.length; at++) {
      const head = hashOfPart(label, at, at + ANYWHERE_LENGTH);
      if (heads.mayHave(head)) this.checkContained(heads, head, label, at, found);
    }
  }

  private findParts(label: Skeleton, found: (id: number) => void): void {
    const { dividers, length } = label;
    for (let at = 0; at < length; at++) {
      if (at > 0 && dividers[at - 1] === 0) continue;
      for (const size of this.partLengths) {
        const end = at + size;
        if (end > length) break;
        if (end < length && dividers[end] === 0) continue;
        const part = hashOfPart(label, at, end);
        if (this.parts.mayHave(part)) this.checkContained(this.parts, part, label, at, found);
      }
    }
  }

  private checkContained(
    table: HashTable,
    hash: number,
    label: Skeleton,
    at: number,
    found: (id: number) => void,
  ): void {
    for (let slot = table.first(hash); slot >= 0; slot = table.next(hash, slot)) {
      const id = table.at(slot);
      const { skeleton } = this.skeletons[id]!;
      if (at + skeleton.length <= label.length && isContained(skeleton, label, at)) found(id);
    }
  }

  private findNear(label: Skeleton, reach: number, found: (id: number) => void): void {
    const { omissions, starts, ends } = this;
    const { length } = label;
    this.checkNear(label.hash, label, found);
    for (let i = 0; i < length; i++) {
      const hash = hashWithout(label, i);
      if (omissions.mayHave(hash)) this.checkNear(hash, label, found);
    }
    if (reach < 2) return;
    prepareWithoutTwo(label, starts, ends);
    for (let i = 0; i < length - 1; i++) {
      const start = starts[i];
      for (let j = i + 1; (j = omissions.firstThatMayBe(start, ends, j, length)) < length; j++)
        this.checkNear((start + ends[j]) | 0, label, found);
    }
  }

  private checkNear(hash: number, label: Skeleton, found: (id: number) => void): void {
    const { omissions } = this;
    for (let slot = omissions.first(hash); slot >= 0; slot = omissions.next(hash, slot)) {
      const id = omissions.at(slot);
      const indexed = this.skeletons[id]!;
      if (distanceWithin(indexed.skeleton, label, indexed.maxDistance)) found(id);
    }
  }

  private forEachHash(skeleton: Skeleton, act: (table: HashTable, hash: number) => void): void {
    const { starts, ends } = this;
    const { hash, length } = skeleton;
    act(this.wholes, hash);
    if (length >= ANYWHERE_LENGTH) act(this.heads, hashOfPart(skeleton, 0, ANYWHERE_LENGTH));
    else act(this.parts, hash);
    const limit = maxDistance(length);
    if (limit === 0) return;
    const hashes = new Set([hash]);
    for (let i = 0; i < length; i++) hashes.add(hashWithout(skeleton, i));
    if (limit === 2) {
      prepareWithoutTwo(skeleton, starts, ends);
      for (let i = 0; i < length; i++)
        for (let j = i + 1; j < length; j++) hashes.add((starts[i] + ends[j]) | 0);
    }
    for (const each of hashes) act(this.omissions, each);
  }

  private changeLength(length: number, change: number): void {
    this.lengths[length] += change;
    // Only the first and the last skeleton of a length change what is derived from the lengths.
    if (this.lengths[length] > 1) return;
    const present = Array.from(this.lengths.keys()).filter((each) => this.lengths[each] > 0);
    this.partLengths = present.filter((each) => each < ANYWHERE_LENGTH);
    this.reach.fill(-1);
    for (const each of present) {
      const limit = maxDistance(each);
      for (let n = Math.max(each - limit, 0); n <= Math.min(each + limit, LENGTHS - 1); n++)
        this.reach[n] = Math.max(this.reach[n], limit);
    }
  }
}

function isBoth(brand: Skeleton, left: Skeleton, right: Skeleton): boolean {
  if (brand.length !== left.length + right.length) return false;
  for (let i = 0; i < left.length; i++) if (brand.units[i] !== left.units[i]) return false;
  for (let i = 0; i < right.length; i++) if (brand.units[left.length + i] !== right.units[i]) return false;
  return true;
}
