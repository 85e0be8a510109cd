import { DerReader, Tag } from '../der-reader.js';
import { readTime } from '../der-time.js';
import type { TbsLayout } from './tbs-layout.js';

const VERSION = 0xa0;
/** Contents of `[0]` with the default version, v1, which DER leaves out. */
const DEFAULT_VERSION = Buffer.from([Tag.Integer, 1, 0]);

/**
 * TbsEquality compares the fields of two TBSCertificates before their extensions by value. Logs decode a precertificate and encode it
 * again for the leaf, mostly with Go's encoding/asn1, which changes an encoding that is not DER: a default version, a serial number with
 * needless octets, a GeneralizedTime before 2050, a UTCTime without seconds. It leaves out elements after the extensions.
 */
export class TbsEquality {
  private readonly one = new DerReader();
  private readonly other = new DerReader();
  private bytes: Buffer = Buffer.alloc(0);

  /**
   * Compares two TBSCertificates within the same bytes.
   * @param hasSameIssuer false if a Precertificate Signing Certificate has replaced the issuer.
   */
  isSame(bytes: Buffer, submitted: TbsLayout, leaf: TbsLayout, hasSameIssuer: boolean): boolean {
    const { one, other } = this;
    this.bytes = one.bytes = other.bytes = bytes;
    one.end = this.afterVersion(one, submitted);
    other.end = this.afterVersion(other, leaf);
    if (one.end < 0 || other.end < 0) return false;
    const isSame =
      this.next(submitted, leaf) &&
      this.isSerialSame() &&
      this.isNextSame(submitted, leaf) &&
      this.next(submitted, leaf) &&
      (!hasSameIssuer || this.isElementSame()) &&
      this.next(submitted, leaf) &&
      this.isValiditySame() &&
      this.isNextSame(submitted, leaf) &&
      this.isNextSame(submitted, leaf);
    if (!isSame) return false;
    // The unique identifiers.
    while (one.end < submitted.extensionsStart || other.end < leaf.extensionsStart)
      if (!this.isNextSame(submitted, leaf)) return false;
    const isRestGone = leaf.extensionsEnd === leaf.end;
    return (
      isRestGone || this.areOctetsSame(submitted.extensionsEnd, submitted.end, leaf.extensionsEnd, leaf.end)
    );
  }

  /** Returns the offset of the serial number, or -1 for another version than v1 without this mark. */
  private afterVersion(der: DerReader, { start, end }: TbsLayout): number {
    if (!der.read(start, end)) return -1;
    if (der.tag !== VERSION) return start;
    const isDefault = this.bytes.subarray(der.start, der.end).equals(DEFAULT_VERSION);
    return isDefault ? der.end : start;
  }

  private next(submitted: TbsLayout, leaf: TbsLayout): boolean {
    const { one, other } = this;
    if (!one.read(one.end, submitted.extensionsStart) || !other.read(other.end, leaf.extensionsStart))
      return false;
    if (one.tag !== VERSION) return true;
    return this.isElementSame() && this.next(submitted, leaf);
  }

  private isNextSame(submitted: TbsLayout, leaf: TbsLayout): boolean {
    return this.next(submitted, leaf) && this.isElementSame();
  }

  private isElementSame(): boolean {
    const { one, other } = this;
    return one.tag === other.tag && this.areOctetsSame(one.start, one.end, other.start, other.end);
  }

  private isSerialSame(): boolean {
    const { one, other } = this;
    if (one.tag !== Tag.Integer || other.tag !== Tag.Integer) return this.isElementSame();
    return this.areOctetsSame(this.minimal(one), one.end, this.minimal(other), other.end);
  }

  /** The offset of the first octet of an INTEGER that is not needless (X.690, 8.3.2). */
  private minimal({ start, end }: DerReader): number {
    const { bytes } = this;
    let at = start;
    while (
      at + 1 < end &&
      ((bytes[at] === 0 && bytes[at + 1] < 0x80) || (bytes[at] === 0xff && bytes[at + 1] >= 0x80))
    )
      at++;
    return at;
  }

  private isValiditySame(): boolean {
    const { one, other } = this;
    if (this.isElementSame()) return true;
    if (one.tag !== Tag.Sequence || other.tag !== Tag.Sequence) return false;
    const [end, otherEnd] = [one.end, other.end];
    let at = one.start;
    let otherAt = other.start;
    for (let times = 0; times < 2; times++, at = one.end, otherAt = other.end) {
      if (!one.read(at, end) || !other.read(otherAt, otherEnd)) return false;
      const seconds = this.seconds(one);
      if (Number.isNaN(seconds) || seconds !== this.seconds(other)) return false;
    }
    const isWhole = one.end === end && other.end === otherEnd;
    one.end = end;
    other.end = otherEnd;
    return isWhole;
  }

  /** The time of the current element in Unix seconds; NaN if it is not a time. */
  private seconds({ tag, start, end }: DerReader): number {
    if (tag !== Tag.UtcTime && tag !== Tag.GeneralizedTime) return NaN;
    return readTime(this.bytes, start, end, tag === Tag.GeneralizedTime);
  }

  private areOctetsSame(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    return end === start || this.bytes.compare(this.bytes, otherStart, otherEnd, start, end) === 0;
  }
}
