import { HashTable } from '../hash-table.js';
import { ANYWHERE_LENGTH, distanceWithin, isContained, maxDistance } from './similarity.js';
import { SkeletonHash } from './skeleton-hash.js';
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
  private readonly freeIds: number[] = [];
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
  private readonly hash = new SkeletonHash();

  add(skeleton: Skeleton): number {
    const id = this.freeIds.pop() ?? this.skeletons.length;
    this.skeletons[id] = { skeleton, maxDistance: maxDistance(skeleton.length) };
    this.forEachHash(skeleton, (table, hash) => table.add(hash, id));
    this.changeLength(skeleton.length, 1);
    return id;
  }

  remove(id: number): void {
    const indexed = this.skeletons[id];
    if (indexed === undefined) return;
    this.skeletons[id] = undefined;
    this.freeIds.push(id);
    this.forEachHash(indexed.skeleton, (table, hash) => table.remove(hash, id));
    this.changeLength(indexed.skeleton.length, -1);
  }

  /** Calls `found` with the ids of the skeletons that the label imitates. An id may be found several times. */
  findIn(label: Skeleton, found: (id: number) => void): void {
    this.hash.read(label);
    if (this.heads.size > 0) this.findAnywhere(label, found);
    if (this.parts.size > 0) this.findParts(label, found);
    const reach = this.reach[label.length];
    if (reach > 0) this.findNear(label, reach, found);
  }

  /** Calls `found` with the ids of the skeletons that two labels are when written as one. */
  findPair(left: Skeleton, right: Skeleton, found: (id: number) => void): void {
    if (left.length + right.length >= LENGTHS || this.lengths[left.length + right.length] === 0) return;
    this.hash.read(right);
    const next = this.hash.whole();
    this.hash.read(left);
    const hash = this.hash.followedBy(next);
    if (!this.wholes.mayHave(hash)) return;
    for (let slot = this.wholes.first(hash); slot >= 0; slot = this.wholes.next(hash, slot)) {
      const id = this.wholes.at(slot);
      if (isPair(this.skeletons[id]!.skeleton, left, right)) found(id);
    }
  }

  private findAnywhere(label: Skeleton, found: (id: number) => void): void {
    const { hash, heads } = this;
    for (let at = 0; at + ANYWHERE_LENGTH <= label.length; at++) {
      const head = hash.part(at, at + ANYWHERE_LENGTH);
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
        const part = this.hash.part(at, end);
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
    const { hash, omissions } = this;
    const { length } = label;
    this.checkNear(hash.whole(), label, found);
    for (let i = 0; i < length; i++) this.checkNear(hash.without(i), label, found);
    if (reach < 2) return;
    hash.prepareBoth();
    for (let i = 0; i < length - 1; i++) {
      const start = hash.startWithout(i);
      for (let j = i + 1; j < length; j++) {
        const both = (start + hash.endWithout(j)) | 0;
        if (omissions.mayHave(both)) this.checkNear(both, label, found);
      }
    }
  }

  private checkNear(hash: number, label: Skeleton, found: (id: number) => void): void {
    const { omissions } = this;
    if (!omissions.mayHave(hash)) return;
    for (let slot = omissions.first(hash); slot >= 0; slot = omissions.next(hash, slot)) {
      const id = omissions.at(slot);
      const indexed = this.skeletons[id]!;
      if (distanceWithin(indexed.skeleton, label, indexed.maxDistance)) found(id);
    }
  }

  private forEachHash(skeleton: Skeleton, act: (table: HashTable, hash: number) => void): void {
    const { hash } = this;
    const { length } = skeleton;
    hash.read(skeleton);
    act(this.wholes, hash.whole());
    if (length >= ANYWHERE_LENGTH) act(this.heads, hash.part(0, ANYWHERE_LENGTH));
    else act(this.parts, hash.whole());
    const limit = maxDistance(length);
    if (limit === 0) return;
    const hashes = new Set([hash.whole()]);
    for (let i = 0; i < length; i++) hashes.add(hash.without(i));
    if (limit === 2) {
      hash.prepareBoth();
      for (let i = 0; i < length - 1; i++) {
        for (let j = i + 1; j < length; j++) hashes.add((hash.startWithout(i) + hash.endWithout(j)) | 0);
      }
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

function isPair(brand: Skeleton, left: Skeleton, right: Skeleton): boolean {
  if (brand.length !== left.length + right.length) return false;
  for (let i = 0; i < left.length; i++) if (brand.units[i] !== left.units[i]) return false;
  for (let i = 0; i < right.length; i++) if (brand.units[left.length + i] !== right.units[i]) return false;
  return true;
}
