import { decodeALabels } from '../domain-labels.js';
import { HASH_SEED } from '../hashed-ids.js';
import { CONFUSABLES } from './confusables.js';

/** Longest label that is compared, in characters. A label of a DNS name has at most 63 octets (RFC 1035, 2.3.4). */
export const MAX_LABEL = 63;
/** Characters of the longest prototype in {@link CONFUSABLES}. */
const MAX_PROTOTYPE = 4;
const MAX_UNITS = MAX_LABEL * MAX_PROTOTYPE;
const NOT_ASCII = /[^\0-\x7f]/;
/** What UTS #39 ignores, and marks: an accent does not tell a brand from its imitation. */
const IGNORED = /[\p{M}\p{Default_Ignorable_Code_Point}]/gu;

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const HYPHEN = 0x2d;
const [C, D, L, M, N, R, V, W] = Array.from('cdlmnrvw', (letter) => letter.charCodeAt(0));

/** The prototype of each ASCII character: I and 1 look like l, 0 looks like O (UTS #39), and DNS ignores the case. */
const ASCII_PROTOTYPES = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const letter = String.fromCharCode(code).toLowerCase();
  if (letter === 'i' || letter === '1') return L;
  return letter === '0' ? 'o'.charCodeAt(0) : letter.charCodeAt(0);
});

/**
 * Base of the hashes: an odd number, which has an inverse modulo 2^32. Clients do not know it, so they cannot choose labels with
 * equal hashes.
 */
export const HASH_BASE = (HASH_SEED << 3) | 5;
export const HASH_POWERS = new Int32Array(MAX_UNITS + 1);
HASH_POWERS.forEach((_, i) => {
  HASH_POWERS[i] = i === 0 ? 1 : Math.imul(HASH_POWERS[i - 1], HASH_BASE);
});

/**
 * The confusable skeleton of a label (UTS #39, section 4) as code points. A skeleton differs from that of UTS #39 in four
 * ways: letters are in lower case, `i` is an `l` as its upper case is, marks are ignored, and `rn` is not written for `m`.
 * {@link join} replaces the pairs of letters that look like one letter.
 */
export class Skeleton {
  readonly units: Int32Array;
  /** 1 for units that are a hyphen or a digit in the label, which divide it into parts. */
  readonly dividers: Uint8Array;
  /** Hash of the first units, by their number: the sum of `unit · HASH_BASE^position` modulo 2^32. */
  readonly hashes: Int32Array;
  length = 0;
  /** Whether two units in a row look like one letter. */
  hasPair = false;

  constructor(capacity = MAX_UNITS) {
    this.units = new Int32Array(capacity);
    this.dividers = new Uint8Array(capacity);
    this.hashes = new Int32Array(capacity + 1);
  }

  /** Hash of all units. */
  get hash(): number {
    return this.hashes[this.length];
  }

  /** Reads the ASCII label `octets[start, end)` of at most {@link MAX_LABEL} octets. */
  readAscii(octets: Uint8Array, start: number, end: number): void {
    const { units, dividers, hashes } = this;
    const length = end - start;
    let hash = 0;
    let last = 0;
    let hasPair = false;
    for (let i = 0; i < length; i++) {
      const code = octets[start + i];
      const unit = ASCII_PROTOTYPES[code];
      units[i] = unit;
      dividers[i] = ASCII_DIVIDERS[code];
      hash = (hash + Math.imul(unit, HASH_POWERS[i])) | 0;
      hashes[i + 1] = hash;
      if (SECOND_OF_PAIR[unit] !== 0 && letterOfPair(last, unit) !== 0) hasPair = true;
      last = unit;
    }
    this.length = length;
    this.hasPair = hasPair;
  }

  /** Reads a label of any characters. A-labels are decoded. The skeleton of too long labels is empty. */
  readText(label: string): void {
    this.clear();
    if (label.length > 2 * MAX_LABEL) return;
    const decoded = decodeALabels(label);
    const text = NOT_ASCII.test(decoded)
      ? decoded.normalize('NFKD').toLowerCase().replaceAll(IGNORED, '')
      : decoded;
    const characters = Array.from(text);
    if (characters.length > MAX_LABEL) return;
    for (const character of characters) {
      const point = character.codePointAt(0)!;
      const prototype = CONFUSABLES.get(point);
      if (prototype === undefined) this.push(point, isDivider(point));
      else for (const unit of prototype) this.push(unit, false);
    }
  }

  /**
   * Becomes the skeleton of `other` with every pair of letters that looks like one letter replaced by this letter: `rn` by
   * `m`, `vv` by `w` and `cl` by `d`.
   */
  join(other: Skeleton): void {
    this.clear();
    for (let i = 0; i < other.length; i++) {
      const pair = i + 1 < other.length ? letterOfPair(other.units[i], other.units[i + 1]) : 0;
      if (pair !== 0) {
        this.push(pair, false);
        i++;
      } else this.push(other.units[i], other.dividers[i] === 1);
    }
  }

  clear(): void {
    this.length = 0;
    this.hasPair = false;
  }

  /** Returns a copy that takes no more memory than its units. */
  copy(): Skeleton {
    const copy = new Skeleton(this.length);
    copy.length = this.length;
    copy.units.set(this.units.subarray(0, this.length));
    copy.dividers.set(this.dividers.subarray(0, this.length));
    copy.hashes.set(this.hashes.subarray(0, this.length + 1));
    copy.hasPair = this.hasPair;
    return copy;
  }

  text(): string {
    return String.fromCodePoint(...this.units.subarray(0, this.length));
  }

  private push(character: number, divider: boolean): void {
    const at = this.length++;
    const unit = character < 0x80 ? ASCII_PROTOTYPES[character] : character;
    this.units[at] = unit;
    this.dividers[at] = divider ? 1 : 0;
    this.hashes[at + 1] = (this.hashes[at] + Math.imul(unit, HASH_POWERS[at])) | 0;
    if (at > 0 && letterOfPair(this.units[at - 1], unit) !== 0) this.hasPair = true;
  }
}

/** Returns the skeletons of a label: the plain one, and the one with joined letters if it differs. */
export function skeletonsOf(label: string): Skeleton[] {
  const isPlain = label.length <= MAX_LABEL && !NOT_ASCII.test(label) && !label.startsWith('xn--');
  const capacity = isPlain ? label.length : MAX_UNITS;
  const plain = new Skeleton(capacity);
  plain.readText(label);
  if (!plain.hasPair) return [plain];
  const joined = new Skeleton(capacity);
  joined.join(plain);
  return [plain, joined];
}

/** Whether an ASCII character divides a label into parts. */
const ASCII_DIVIDERS = Uint8Array.from({ length: 0x80 }, (_, code) => (isDivider(code) ? 1 : 0));
const SECOND_OF_PAIR = new Uint8Array(0x80);
for (const letter of [N, V, L]) SECOND_OF_PAIR[letter] = 1;

function isDivider(code: number): boolean {
  return code === HYPHEN || (code >= DIGIT_0 && code <= DIGIT_9);
}

/** Returns the letter that two letters look like, or 0. */
function letterOfPair(first: number, second: number): number {
  if (first === R && second === N) return M;
  if (first === V && second === V) return W;
  return first === C && second === L ? D : 0;
}
