import { decodeALabels } from '../domain-labels.js';
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
 * The confusable skeleton of a label (UTS #39, section 4) as code points. A skeleton differs from that of UTS #39 in four
 * ways: letters are in lower case, `i` is an `l` as its upper case is, marks are ignored, and `rn` is not written for `m`.
 * {@link joined} adds the pairs of letters that look like one letter.
 */
export class Skeleton {
  readonly units: Uint32Array;
  /** 1 for units that are a hyphen or a digit in the label, which divide it into parts. */
  readonly dividers: Uint8Array;
  length = 0;

  constructor(capacity = MAX_UNITS) {
    this.units = new Uint32Array(capacity);
    this.dividers = new Uint8Array(capacity);
  }

  /** Reads the ASCII label `octets[start, end)` of at most {@link MAX_LABEL} octets. */
  readAscii(octets: Uint8Array, start: number, end: number): void {
    this.length = end - start;
    for (let i = 0; i < this.length; i++) {
      const code = octets[start + i];
      this.units[i] = ASCII_PROTOTYPES[code];
      this.dividers[i] = isDivider(code) ? 1 : 0;
    }
  }

  /** Reads a label of any characters. A-labels are decoded. The skeleton of too long labels is empty. */
  readText(label: string): void {
    this.length = 0;
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
   * @returns false if there is no such pair
   */
  join(other: Skeleton): boolean {
    this.length = 0;
    for (let i = 0; i < other.length; i++) {
      const pair = i + 1 < other.length ? letterOfPair(other.units[i], other.units[i + 1]) : 0;
      if (pair !== 0) {
        this.push(pair, false);
        i++;
      } else this.push(other.units[i], other.dividers[i] === 1);
    }
    return this.length < other.length;
  }

  /** Returns a copy that takes no more memory than its units. */
  copy(): Skeleton {
    const copy = new Skeleton(this.length);
    copy.length = this.length;
    copy.units.set(this.units.subarray(0, this.length));
    copy.dividers.set(this.dividers.subarray(0, this.length));
    return copy;
  }

  text(): string {
    return String.fromCodePoint(...this.units.subarray(0, this.length));
  }

  private push(unit: number, divider: boolean): void {
    this.units[this.length] = unit < 0x80 ? ASCII_PROTOTYPES[unit] : unit;
    this.dividers[this.length++] = divider ? 1 : 0;
  }
}

/** Returns the skeletons of a label: the plain one, and the one with joined letters if it differs. */
export function skeletonsOf(label: string): Skeleton[] {
  const isPlain = label.length <= MAX_LABEL && !NOT_ASCII.test(label) && !label.startsWith('xn--');
  const capacity = isPlain ? label.length : MAX_UNITS;
  const plain = new Skeleton(capacity);
  plain.readText(label);
  const joined = new Skeleton(capacity);
  return joined.join(plain) ? [plain, joined] : [plain];
}

function isDivider(code: number): boolean {
  return code === HYPHEN || (code >= DIGIT_0 && code <= DIGIT_9);
}

/** Returns the letter that two letters look like, or 0. */
export function letterOfPair(first: number, second: number): number {
  if (first === R && second === N) return M;
  if (first === V && second === V) return W;
  return first === C && second === L ? D : 0;
}
