import { DerReader, Tag } from '../der-reader.js';
import { readTime } from '../der-time.js';
import { AUTHORITY_KEY_IDENTIFIER, type PrecertificateSigner } from './chain-certificate.js';
import { ExtensionCursor, isSameRange } from './extension-cursor.js';
import { TbsLayout } from './tbs-layout.js';

/** DER of the poison extension: 1.3.6.1.4.1.11129.2.4.3, critical, NULL (RFC 6962, 3.1). */
const POISON = Buffer.from('3013060a2b06010401d6790204030101ff04020500', 'hex');

/**
 * PrecertificateMatch compares a precertificate with the TBSCertificate of a leaf (RFC 6962, 3.2). They match if they are equal
 * except for the poison and the lengths around it. After a Precertificate Signing Certificate, issuer and authorityKeyIdentifier
 * also differ. Many logs parse a precertificate and encode it again, so a time may have another form, and a critical flag that is
 * FALSE may be written or absent. Ranges of bytes are compared in place. Extensions are read only if their bytes differ.
 */
export class PrecertificateMatch {
  private readonly der = new DerReader();
  private readonly submitted = new TbsLayout();
  private readonly leaf = new TbsLayout();
  private readonly theirs = new ExtensionCursor();
  private readonly own = new ExtensionCursor();
  private bytes: Buffer = Buffer.alloc(0);

  /** Opens the TBSCertificate of the leaf, `bytes[start, end)`. @returns false if it cannot be parsed. */
  openLeaf(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    return this.leaf.read(bytes, start, end) && this.leaf.end === end;
  }

  /** Opens the precertificate in the same bytes. @returns false if it is not a certificate, or bytes follow it. */
  openSubmitted(start: number, end: number): boolean {
    const { der, submitted } = this;
    der.bytes = this.bytes;
    if (!der.expect(Tag.Sequence, start, end) || der.end !== end) return false;
    if (!submitted.read(this.bytes, der.start, end)) return false;
    return (
      der.expect(Tag.Sequence, submitted.end, end) &&
      der.expect(Tag.BitString, der.end, end) &&
      der.end === end
    );
  }

  /** Whether the two match if the precertificate was issued by the CA that will issue the certificate. */
  isDirect(): boolean {
    const { submitted, leaf } = this;
    return (
      this.isSame(submitted.start, submitted.issuerEnd, leaf.start, leaf.issuerEnd) &&
      this.areOtherFieldsSame() &&
      (this.areExtensionsSame() || this.areExtensionsEqual(false, undefined))
    );
  }

  /**
   * Whether the two match if a Precertificate Signing Certificate issued the precertificate.
   * @param signer undefined if it is unknown: any issuer and authorityKeyIdentifier then match.
   */
  isSignedBy(signer: PrecertificateSigner | undefined): boolean {
    const { bytes, submitted, leaf } = this;
    if (!this.isSame(submitted.start, submitted.issuerStart, leaf.start, leaf.issuerStart)) return false;
    if (signer !== undefined && signer.issuer.compare(bytes, leaf.issuerStart, leaf.issuerEnd) !== 0)
      return false;
    return this.areOtherFieldsSame() && this.areExtensionsEqual(true, signer);
  }

  /** Compares the fields after the issuer except for the extensions. */
  private areOtherFieldsSame(): boolean {
    const { submitted, leaf } = this;
    return (
      this.isSame(submitted.validityEnd, submitted.extensionsStart, leaf.validityEnd, leaf.extensionsStart) &&
      this.isSame(submitted.extensionsEnd, submitted.end, leaf.extensionsEnd, leaf.end) &&
      this.isValiditySame()
    );
  }

  private isValiditySame(): boolean {
    const { submitted, leaf } = this;
    if (this.isSame(submitted.issuerEnd, submitted.validityEnd, leaf.issuerEnd, leaf.validityEnd))
      return true;
    const [notBefore, notAfter] = this.timesOf(submitted);
    const [leafNotBefore, leafNotAfter] = this.timesOf(leaf);
    return notBefore === leafNotBefore && notAfter === leafNotAfter;
  }

  /** Returns notBefore and notAfter in Unix seconds. A time that cannot be read is NaN. */
  private timesOf({ issuerEnd, validityEnd }: TbsLayout): readonly [number, number] {
    const { der } = this;
    if (!der.expect(Tag.Sequence, issuerEnd, validityEnd)) return [NaN, NaN];
    const notBefore = this.timeAt(der.start, validityEnd);
    const notAfter = this.timeAt(der.end, validityEnd);
    return [notBefore, der.end === validityEnd ? notAfter : NaN];
  }

  private timeAt(at: number, limit: number): number {
    const { der, bytes } = this;
    if (!der.read(at, limit) || (der.tag !== Tag.UtcTime && der.tag !== Tag.GeneralizedTime)) return NaN;
    return readTime(bytes, der.start, der.end, der.tag === Tag.GeneralizedTime);
  }

  /** Whether the bytes of the extensions are equal without the first poison. */
  private areExtensionsSame(): boolean {
    const { submitted, leaf, theirs } = this;
    if (!this.findPoison()) return false;
    const before = theirs.start - submitted.listStart;
    if (leaf.listStart + before > leaf.listEnd) return false;
    return (
      this.isSame(submitted.listStart, theirs.start, leaf.listStart, leaf.listStart + before) &&
      this.isSame(theirs.end, submitted.listEnd, leaf.listStart + before, leaf.listEnd)
    );
  }

  private findPoison(): boolean {
    const { theirs, submitted } = this;
    theirs.open(this.bytes, submitted.listStart, submitted.listEnd);
    while (theirs.next()) if (theirs.equals(POISON)) return true;
    return false;
  }

  /**
   * Compares the extensions one after the other. If only the precertificate or only the signing certificate has an
   * authorityKeyIdentifier, the leaf may have that of the signing certificate or none: RFC 6962 leaves this open or forbids it.
   * @param isDelegated whether a Precertificate Signing Certificate issued the precertificate.
   */
  private areExtensionsEqual(isDelegated: boolean, signer: PrecertificateSigner | undefined): boolean {
    const { bytes, submitted, leaf, theirs, own } = this;
    let poisons = 0;
    let isReplaced = !isDelegated;
    theirs.open(bytes, submitted.listStart, submitted.listEnd);
    own.open(bytes, leaf.listStart, leaf.listEnd);
    while (theirs.next()) {
      if (theirs.equals(POISON)) {
        poisons++;
        continue;
      }
      const isKeyId = !isReplaced && theirs.is(AUTHORITY_KEY_IDENTIFIER);
      if (isKeyId) isReplaced = true;
      if (isKeyId && signer !== undefined && signer.authorityKeyIdentifier === undefined) continue;
      if (!own.next()) return false;
      const isRight = isKeyId
        ? this.isKeyIdOf(signer)
        : this.isSame(theirs.start, theirs.end, own.start, own.end) || theirs.hasSameValue(own);
      if (!isRight) return false;
    }
    if (!isReplaced && !own.isAtEnd && !(own.next() && this.isKeyIdOf(signer))) return false;
    return poisons === 1 && theirs.isAtEnd && own.isAtEnd;
  }

  private isKeyIdOf(signer: PrecertificateSigner | undefined): boolean {
    const { own } = this;
    if (!own.is(AUTHORITY_KEY_IDENTIFIER) || !own.readValue()) return false;
    const expected = signer?.authorityKeyIdentifier;
    return expected === undefined || expected.compare(this.bytes, own.valueStart, own.valueEnd) === 0;
  }

  private isSame(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    return isSameRange(this.bytes, start, end, otherStart, otherEnd);
  }
}
