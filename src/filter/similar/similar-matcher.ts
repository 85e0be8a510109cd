import { IdPool } from '../hashed-ids.js';
import type { NameMatcher } from '../name-matcher.js';
import { BrandIndex } from './brand-index.js';
import { type Brand, brandOf, suffixLabels } from './similarity.js';
import { ExaminedLabel } from './examined-label.js';
import { hashOctet, LABEL_HASH, RecentLabels } from './recent-labels.js';
import { MAX_LABEL, skeletonsOf } from './skeleton.js';

/** Octets from the end of a name that are read for its public suffix. */
const MAX_TAIL = 1024;
const DOT = 0x2e;

interface Term {
  readonly id: number;
  references: number;
  /** Undefined if no name can imitate the term. */
  readonly brand: Brand | undefined;
  /** The brand's domains, as octets. */
  readonly domains: readonly Buffer[];
  /** Number of the last name for which the term was decided. */
  decided: number;
}

/** All terms with the same brand label. */
interface Label {
  readonly terms: Set<Term>;
  /** Ids in the index: the plain skeleton, and the one with joined letters. */
  readonly skeletons: readonly number[];
}

/** Finds the terms whose brand a name imitates, as `isSimilar` defines it. */
export class SimilarMatcher implements NameMatcher {
  private readonly terms = new Map<string, Term>();
  private readonly ids = new IdPool();
  private readonly labels = new Map<string, Label>();
  private readonly index = new BrandIndex();
  /** By the id of the skeleton in the index. */
  private readonly owners: { readonly label: Label; readonly isJoined: boolean }[] = [];

  private name: Buffer = Buffer.alloc(0);
  private start = 0;
  private end = 0;
  private names = 0;
  private found: (id: number) => void = () => {};
  /** Labels of the public suffix of the name; -1 if it is unknown. */
  private suffixLabels = -1;
  /** Number of labels after the one that is examined. */
  private labelsAfter = 0;
  private wantsJoined = false;
  /** Whether the label that is examined imitates any brand. */
  private isHit = false;
  private current = new ExaminedLabel();
  private previous = new ExaminedLabel();
  private readonly recent = new RecentLabels();

  add(term: string): number {
    const known = this.terms.get(term);
    if (known !== undefined) {
      known.references++;
      return known.id;
    }
    const brand = brandOf(term);
    const added: Term = {
      id: this.ids.take(),
      references: 1,
      brand,
      domains: brand?.domains.map((domain) => Buffer.from(domain)) ?? [],
      decided: 0,
    };
    this.terms.set(term, added);
    if (brand !== undefined) this.labelOf(brand.label).terms.add(added);
    return added.id;
  }

  remove(term: string): void {
    const known = this.terms.get(term);
    if (known === undefined || --known.references > 0) return;
    this.terms.delete(term);
    this.ids.release(known.id);
    if (known.brand === undefined) return;
    const label = this.labels.get(known.brand.label)!;
    label.terms.delete(known);
    if (label.terms.size > 0) return;
    this.labels.delete(known.brand.label);
    for (const id of label.skeletons) this.index.remove(id);
    this.recent.clear();
  }

  match(name: Buffer, start: number, end: number, isAscii: boolean, found: (id: number) => void): void {
    if (this.labels.size === 0) return;
    this.name = name;
    this.start = start;
    this.end = end;
    this.found = found;
    this.names++;
    this.suffixLabels = -1;
    this.labelsAfter = -1;
    this.previous.clear();
    for (let to = end; to >= start;) {
      let from = to;
      let hash = LABEL_HASH;
      let all = 0;
      for (; from > start; from--) {
        const octet = name[from - 1];
        if (octet === DOT) break;
        hash = hashOctet(hash, octet);
        all |= octet;
      }
      // The last label is always part of the public suffix.
      if (this.labelsAfter++ >= 0) this.examine(from, to, hash, isAscii || all < 0x80);
      to = from - 1;
    }
  }

  private examine(from: number, to: number, hash: number, isAscii: boolean): void {
    const { name, current, previous, recent } = this;
    const slot = recent.find(hash, name, from, to);
    if (slot >= 0) current.recall(name, from, to, recent, slot);
    else {
      current.read(name, from, to, isAscii);
      if (this.searchLabel(current) && isAscii && to - from <= MAX_LABEL)
        current.keepIn(recent, recent.add(hash, name, from, to));
    }
    if (current.plainLength > 0 && previous.plainLength > 0) this.searchPair(current, previous);
    this.current = previous;
    this.previous = current;
  }

  /** @returns true if the label imitates no brand */
  private searchLabel({ plain, joined }: ExaminedLabel): boolean {
    this.isHit = false;
    if (plain.length > 0) this.index.findIn(plain, this.hit);
    if (plain.hasPair) this.index.findIn(joined, this.hit);
    return !this.isHit;
  }

  private searchPair(left: ExaminedLabel, right: ExaminedLabel): void {
    const { index } = this;
    const isPlain = index.mayHaveBoth(left.plainLength, left.plainHash, right.plainLength, right.plainHash);
    const isJoined = index.mayHaveBoth(
      left.joinedLength,
      left.joinedHash,
      right.joinedLength,
      right.joinedHash,
    );
    if (!isPlain && !isJoined) return;
    left.ensureRead();
    right.ensureRead();
    this.labelsAfter--;
    this.wantsJoined = false;
    index.findBoth(left.plain, right.plain, this.hitPair);
    this.wantsJoined = true;
    index.findBoth(left.joined, right.joined, this.hitPair);
    this.labelsAfter++;
  }

  private readonly hit = (id: number): void => {
    this.isHit = true;
    this.decide(this.owners[id].label);
  };

  private readonly hitPair = (id: number): void => {
    const { label, isJoined } = this.owners[id];
    if (isJoined === this.wantsJoined) this.decide(label);
  };

  private decide(label: Label): void {
    if (this.labelsAfter < this.countSuffixLabels()) return;
    for (const term of label.terms) {
      if (term.decided === this.names) continue;
      term.decided = this.names;
      if (!term.domains.some((domain) => this.isBelow(domain))) this.found(term.id);
    }
  }

  private countSuffixLabels(): number {
    if (this.suffixLabels < 0) {
      const from = Math.max(this.start, this.end - MAX_TAIL);
      this.suffixLabels = suffixLabels(this.name.toString('utf8', from, this.end));
    }
    return this.suffixLabels;
  }

  private isBelow(domain: Buffer): boolean {
    const at = this.end - domain.length;
    if (at < this.start || (at > this.start && this.name[at - 1] !== DOT)) return false;
    return this.name.compare(domain, 0, domain.length, at, this.end) === 0;
  }

  private labelOf(text: string): Label {
    let label = this.labels.get(text);
    if (label === undefined) {
      const skeletons = skeletonsOf(text).map((skeleton) => this.index.add(skeleton.copy()));
      label = { terms: new Set(), skeletons };
      this.labels.set(text, label);
      this.recent.clear();
      for (const [i, id] of skeletons.entries()) this.owners[id] = { label, isJoined: i === 1 };
    }
    return label;
  }
}
