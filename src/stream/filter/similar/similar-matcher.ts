import type { NameMatcher } from '../name-matcher.js';
import { BrandIndex } from './brand-index.js';
import { type Brand, brandOf, suffixLabels } from './similarity.js';
import { MAX_LABEL, Skeleton, skeletonsOf } from './skeleton.js';

/** Octets of the longest label that is read: as many UTF-16 code units as {@link Skeleton.readText} reads. */
const MAX_LABEL_OCTETS = 3 * 2 * MAX_LABEL;
/** Octets from the end of a name that are read for its public suffix. */
const MAX_TAIL = 1024;
const DOT = 0x2e;
const HYPHEN = 0x2d;
const [N, X] = [0x6e, 0x78];

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

interface LabelSkeletons {
  readonly plain: Skeleton;
  readonly joined: Skeleton;
  /** Whether {@link joined} differs from {@link plain}. */
  hasJoined: boolean;
}

/** Finds the terms whose brand a name imitates, as `isSimilar` defines it. */
export class SimilarMatcher implements NameMatcher {
  private readonly terms = new Map<string, Term>();
  private readonly freeIds: number[] = [];
  private nextId = 0;
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
  private current = emptySkeletons();
  private previous = emptySkeletons();

  add(term: string): number {
    const known = this.terms.get(term);
    if (known !== undefined) {
      known.references++;
      return known.id;
    }
    const brand = brandOf(term);
    const added: Term = {
      id: this.freeIds.pop() ?? this.nextId++,
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
    this.freeIds.push(known.id);
    if (known.brand === undefined) return;
    const label = this.labels.get(known.brand.label)!;
    label.terms.delete(known);
    if (label.terms.size > 0) return;
    this.labels.delete(known.brand.label);
    for (const id of label.skeletons) this.index.remove(id);
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
    this.previous.plain.length = 0;
    for (let to = end; to >= start;) {
      let from = to;
      while (from > start && name[from - 1] !== DOT) from--;
      // The last label is always part of the public suffix.
      if (this.labelsAfter++ >= 0) this.examine(from, to, isAscii);
      to = from - 1;
    }
  }

  private examine(from: number, to: number, isAscii: boolean): void {
    const { index, current, previous } = this;
    if (!this.read(current.plain, from, to, isAscii)) current.plain.length = 0;
    if (current.plain.length > 0) {
      current.hasJoined = current.joined.join(current.plain);
      index.findIn(current.plain, this.hit);
      if (current.hasJoined) index.findIn(current.joined, this.hit);
      if (previous.plain.length > 0) this.examinePair(current, previous);
    }
    this.current = previous;
    this.previous = current;
  }

  private examinePair(left: LabelSkeletons, right: LabelSkeletons): void {
    this.labelsAfter--;
    this.wantsJoined = false;
    this.index.findPair(left.plain, right.plain, this.hitPair);
    this.wantsJoined = true;
    this.index.findPair(
      left.hasJoined ? left.joined : left.plain,
      right.hasJoined ? right.joined : right.plain,
      this.hitPair,
    );
    this.labelsAfter++;
  }

  /** @returns false if the label is empty or too long */
  private read(skeleton: Skeleton, from: number, to: number, isAscii: boolean): boolean {
    const { name } = this;
    const size = to - from;
    if (size === 0 || size > MAX_LABEL_OCTETS) return false;
    if (!isALabel(name, from, to) && (isAscii || isAsciiRange(name, from, to))) {
      if (size > MAX_LABEL) return false;
      skeleton.readAscii(name, from, to);
    } else skeleton.readText(name.toString('utf8', from, to));
    return true;
  }

  private readonly hit = (id: number): void => {
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
      for (const [i, id] of skeletons.entries()) this.owners[id] = { label, isJoined: i === 1 };
    }
    return label;
  }
}

function emptySkeletons(): LabelSkeletons {
  return { plain: new Skeleton(), joined: new Skeleton(), hasJoined: false };
}

function isALabel(name: Buffer, from: number, to: number): boolean {
  return (
    to - from > 4 &&
    name[from] === X &&
    name[from + 1] === N &&
    name[from + 2] === HYPHEN &&
    name[from + 3] === HYPHEN
  );
}

function isAsciiRange(name: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (name[i] >= 0x80) return false;
  return true;
}
