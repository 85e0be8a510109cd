import { toALabels } from './domain-labels.js';
import { HASH_SEED, HashedIds, IdPool, spread } from './hashed-ids.js';
import type { NameMatcher } from './name-matcher.js';

const DOT = 0x2e;
/** No term is longer. */
const MAX_TERM = 255;

/**
 * Finds the domain terms that a name equals or lies below. The hash of a name is computed from its end, and looked up once per
 * label, so the cost depends on the length of the name only.
 */
export class DomainMatcher implements NameMatcher {
  private readonly table = new HashedIds();
  private readonly ids = new IdPool();
  private readonly terms: string[] = [];
  private readonly references: number[] = [];

  /** @param term in ASCII */
  add(term: string): number {
    const hash = spread(hashOf(term));
    let id = this.find(hash, term);
    if (id < 0) {
      id = this.ids.take();
      this.terms[id] = term;
      this.references[id] = 0;
      this.table.insert(hash, id);
    }
    this.references[id]++;
    return id;
  }

  remove(term: string): void {
    const id = this.find(spread(hashOf(term)), term);
    if (id < 0 || --this.references[id] > 0) return;
    this.table.remove(id);
    this.terms[id] = '';
    this.ids.release(id);
  }

  match(name: Buffer, start: number, end: number, isAscii: boolean, found: (id: number) => void): void {
    if (isAscii) return this.matchAscii(name, start, end, found);
    const bytes = Buffer.from(toALabels(name.toString('utf8', start, end)));
    this.matchAscii(bytes, 0, bytes.length, found);
  }

  private matchAscii(name: Buffer, start: number, end: number, found: (id: number) => void): void {
    const first = Math.max(start, end - MAX_TERM);
    let hash = HASH_SEED;
    for (let i = end - 1; i >= first; i--) {
      const byte = name[i];
      if (byte === DOT) {
        const id = this.findBytes(spread(hash), name, i + 1, end);
        if (id >= 0) found(id);
      }
      hash = Math.imul(hash ^ byte, 0x5bd1e995);
    }
    if (first !== start) return;
    const id = this.findBytes(spread(hash), name, start, end);
    if (id >= 0) found(id);
  }

  private find(hash: number, term: string): number {
    const slots = this.table.segment(hash);
    const mask = slots.length - 1;
    for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask) {
      if (this.terms[slots[at] - 1] === term) return slots[at] - 1;
    }
    return -1;
  }

  private findBytes(hash: number, name: Buffer, start: number, end: number): number {
    const slots = this.table.segment(hash);
    const mask = slots.length - 1;
    next: for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const term = this.terms[slots[at] - 1];
      if (term.length !== end - start) continue;
      for (let i = 0; i < term.length; i++) if (term.charCodeAt(i) !== name[start + i]) continue next;
      return slots[at] - 1;
    }
    return -1;
  }
}

function hashOf(term: string): number {
  let hash = HASH_SEED;
  for (let i = term.length - 1; i >= 0; i--) hash = Math.imul(hash ^ term.charCodeAt(i), 0x5bd1e995);
  return hash;
}
