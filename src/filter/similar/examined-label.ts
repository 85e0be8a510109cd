import { RecentLabels } from './recent-labels.js';
import { MAX_LABEL, Skeleton } from './skeleton.js';

/** Octets of the longest label that is read: as many UTF-16 code units as {@link Skeleton.readText} reads. */
const MAX_LABEL_OCTETS = 3 * 2 * MAX_LABEL;
const HYPHEN = 0x2d;
const [N, X] = [0x6e, 0x78];

/** A label of the name that is matched. */
export class ExaminedLabel {
  readonly plain = new Skeleton();
  private readonly joinedLetters = new Skeleton();
  private name: Buffer = Buffer.alloc(0);
  private from = 0;
  private to = 0;
  private isRead = false;
  /** Length and hash of the skeletons, which are known before the skeletons are read again. */
  plainLength = 0;
  plainHash = 0;
  joinedLength = 0;
  joinedHash = 0;

  /** The skeleton with the pairs of letters joined; the plain one if it has no pair. */
  get joined(): Skeleton {
    return this.plain.hasPair ? this.joinedLetters : this.plain;
  }

  /** Makes the label one that has no skeleton. */
  clear(): void {
    this.plain.clear();
    this.isRead = true;
    this.plainLength = 0;
    this.joinedLength = 0;
  }

  /** Reads the label `name[from, to)`. Its skeleton is empty if the label is too long. */
  read(name: Buffer, from: number, to: number, isAscii: boolean): void {
    const { plain } = this;
    const size = to - from;
    plain.clear();
    if (isAscii && !isALabel(name, from, to)) {
      if (size <= MAX_LABEL) plain.readAscii(name, from, to);
    } else if (size <= MAX_LABEL_OCTETS) plain.readText(name.toString('utf8', from, to));
    if (plain.hasPair) this.joinedLetters.join(plain);
    this.isRead = true;
    this.plainLength = plain.length;
    this.plainHash = plain.hash;
    this.joinedLength = this.joined.length;
    this.joinedHash = this.joined.hash;
  }

  /** Becomes the label `name[from, to)`, which is in a slot of the recent labels. The skeletons are not read. */
  recall(name: Buffer, from: number, to: number, { facts }: RecentLabels, slot: number): void {
    this.name = name;
    this.from = from;
    this.to = to;
    this.isRead = false;
    this.plainLength = facts[slot * 4];
    this.plainHash = facts[slot * 4 + 1];
    this.joinedLength = facts[slot * 4 + 2];
    this.joinedHash = facts[slot * 4 + 3];
  }

  keepIn({ facts }: RecentLabels, slot: number): void {
    facts[slot * 4] = this.plainLength;
    facts[slot * 4 + 1] = this.plainHash;
    facts[slot * 4 + 2] = this.joinedLength;
    facts[slot * 4 + 3] = this.joinedHash;
  }

  /** Reads the skeletons of a recalled label. */
  ensureRead(): void {
    if (!this.isRead) this.read(this.name, this.from, this.to, true);
  }
}

function isALabel(name: Buffer, from: number, to: number): boolean {
  return (
    name[from] === X &&
    to - from > 4 &&
    name[from + 1] === N &&
    name[from + 2] === HYPHEN &&
    name[from + 3] === HYPHEN
  );
}
