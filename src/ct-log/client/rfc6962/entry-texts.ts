import { LogEntryType } from '../../../certificate/entry-batch.js';
import { decodedLength, decodeText, readGroup } from './base64-text.js';
import { SharedTexts } from './shared-texts.js';

/** The entries of a get-entries response (RFC 6962, 4.6) in one buffer. */
export interface GetEntriesPage {
  readonly bytes: Buffer;
  readonly count: number;
  /** `count * PAGE_PARTS` offsets into {@link bytes}, by {@link PagePart}. */
  readonly parts: Uint32Array;
}

/**
 * Columns of {@link GetEntriesPage.parts}. leaf_input is `[LeafStart, LeafEnd)`. extra_data has two pieces:
 * `[LeafEnd, SubmittedEnd)` is empty or a pre_certificate with its length, and `[ChainStart, ChainEnd)` is the ASN.1Cert list
 * with its length, which entries with the same chain share. If the extra_data of a precert_entry is too short for its
 * pre_certificate, all of it is the first piece.
 */
export const PagePart = { LeafStart: 0, LeafEnd: 1, SubmittedEnd: 2, ChainStart: 3, ChainEnd: 4 } as const;
export const PAGE_PARTS = 5;

/** Numbers per entry: start and end of the base64 texts of leaf_input and extra_data in a response. */
const TEXT_BOUNDS = 4;
/** Offset of the characters of leaf_input whose last two octets are the entry_type (3.4). */
const ENTRY_TYPE_AT = 12;
/** Octets of the length of a vector. */
const LENGTH_SIZE = 3;
/** Minimum length of a text for which an equal one is searched: a shorter one is decoded faster. */
const MIN_SHARED_TEXT = 64;

/**
 * Decodes leaf_input and extra_data of all entries. A chain that an earlier entry also has is not decoded again: more than half
 * of a typical page is a few repeated chains.
 * @param found positions of the texts in `body`, see {@link TEXT_BOUNDS}.
 * @returns undefined if one of them is not base64.
 */
export function decodeEntryTexts(body: Buffer, found: readonly number[]): GetEntriesPage | undefined {
  const layout = new PageLayout(body, found);
  for (let i = 0; i < layout.count; i++) if (!layout.add(i)) return undefined;
  const { count, parts, size, decoded } = layout;
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let i = 0; i < count; i++) {
    const leafStart = parts[i * PAGE_PARTS + PagePart.LeafStart];
    const leafEnd = parts[i * PAGE_PARTS + PagePart.LeafEnd];
    const text = i * TEXT_BOUNDS;
    if (!decodeText(bytes, leafStart, leafEnd - leafStart, body, found[text])) return undefined;
    if (!decodeText(bytes, leafEnd, decoded[i], body, found[text + 2])) return undefined;
  }
  return { bytes, count, parts };
}

/** PageLayout determines all offsets before any text is decoded, so that the buffer has exactly the needed size. */
class PageLayout {
  readonly count: number;
  readonly parts: Uint32Array;
  /** Octets of each extra_data to decode: all, or only those before a shared chain. */
  readonly decoded: Uint32Array;
  size = 0;
  private readonly chains: SharedTexts;

  constructor(
    private readonly body: Buffer,
    private readonly found: readonly number[],
  ) {
    this.count = found.length / TEXT_BOUNDS;
    this.parts = new Uint32Array(this.count * PAGE_PARTS);
    this.decoded = new Uint32Array(this.count);
    this.chains = new SharedTexts(body);
  }

  /** Adds entry `i`. @returns false if the length of a text is wrong. */
  add(i: number): boolean {
    const { body, found, parts } = this;
    const text = i * TEXT_BOUNDS;
    const leafBytes = decodedLength(body, found[text], found[text + 1]);
    const extraBytes = decodedLength(body, found[text + 2], found[text + 3]);
    if (leafBytes < 0 || extraBytes < 0) return false;
    const submitted = this.submittedBytes(i, extraBytes);
    const row = i * PAGE_PARTS;
    const leafEnd = this.size + leafBytes;
    parts[row + PagePart.LeafStart] = this.size;
    parts[row + PagePart.LeafEnd] = leafEnd;
    parts[row + PagePart.SubmittedEnd] = leafEnd + submitted;
    const group = Math.ceil(submitted / 3) * 3;
    const owner = this.findChain(i, submitted, group, extraBytes) * PAGE_PARTS;
    if (owner < 0) {
      this.decoded[i] = extraBytes;
      parts[row + PagePart.ChainStart] = leafEnd + submitted;
      parts[row + PagePart.ChainEnd] = leafEnd + extraBytes;
    } else {
      this.decoded[i] = group;
      parts[row + PagePart.ChainStart] = parts[owner + PagePart.ChainStart];
      parts[row + PagePart.ChainEnd] = parts[owner + PagePart.ChainEnd];
    }
    this.size = leafEnd + this.decoded[i];
    return true;
  }

  /** Returns the octets of the pre_certificate and its length: 0 for an x509_entry, and all octets if they are too few. */
  private submittedBytes(i: number, extraBytes: number): number {
    const { body, found } = this;
    const text = i * TEXT_BOUNDS;
    const type = readGroup(body, found[text] + ENTRY_TYPE_AT, found[text + 1]) & 0xffff;
    if (type !== LogEntryType.PrecertEntry) return 0;
    const length = readGroup(body, found[text + 2], found[text + 3]);
    return length < 0 ? extraBytes : Math.min(length + LENGTH_SIZE, extraBytes);
  }

  /**
   * Returns the earlier entry with the same chain, or -1.
   * @param group octets of the characters that contain the pre_certificate; up to two of them belong to the chain.
   */
  private findChain(i: number, submitted: number, group: number, extraBytes: number): number {
    const start = this.found[i * TEXT_BOUNDS + 2] + (group / 3) * 4;
    const end = this.found[i * TEXT_BOUNDS + 3];
    if (end - start < MIN_SHARED_TEXT) return -1;
    const octets = group - submitted;
    if (octets > 0) {
      const length = extraBytes - submitted - LENGTH_SIZE;
      const read = readGroup(this.body, start - 4, end) & (octets === 1 ? 0xff : 0xffff);
      if (read !== length >>> (24 - 8 * octets)) return -1;
    }
    return this.chains.find(start, end, octets, i);
  }
}
