import { DerReader, Tag } from '../der-reader.js';
import { AUTHORITY_KEY_IDENTIFIER, type PrecertificateSigner } from './chain-certificate.js';
import { ExtensionCursor } from './extension-cursor.js';
import { TbsEquality } from './tbs-equality.js';
import { TbsLayout } from './tbs-layout.js';

/** DER of the poison extension: 1.3.6.1.4.1.11129.2.4.3, critical, NULL (RFC 6962, 3.1). */
const POISON = Buffer.from('3013060a2b06010401d6790204030101ff04020500', 'hex');

/**
 * PrecertificateMatch compares a precertificate with the TBSCertificate of a leaf (RFC 6962, 3.2). They match if their bytes
 * are equal except for the poison and the lengths around it. After a Precertificate Signing Certificate, issuer and
 * authorityKeyIdentifier also differ. Bytes are compared in place. Only if they differ, the parts are compared by value, because logs
 * encode them again (see {@link TbsEquality}).
 */
export class PrecertificateMatch {
  private readonly der = new DerReader();
  private readonly submitted = new TbsLayout();
  private readonly leaf = new TbsLayout();
  private readonly theirs = new ExtensionCursor();
  private readonly own = new ExtensionCursor();
  private readonly equality = new TbsEquality();
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
    return this.areBytesSame() || (this.areFieldsSame(true) && this.areExtensionsSame());
  }

  private areBytesSame(): boolean {
    const { submitted, leaf, theirs } = this;
    const isRestSame =
      this.isSame(submitted.start, submitted.extensionsStart, leaf.start, leaf.extensionsStart) &&
      this.isSame(submitted.extensionsEnd, submitted.end, leaf.extensionsEnd, leaf.end);
    if (!isRestSame || !this.findPoison()) return false;
    const before = theirs.start - submitted.listStart;
    if (leaf.listStart + before > leaf.listEnd) return false;
    return (
      this.isSame(submitted.listStart, theirs.start, leaf.listStart, leaf.listStart + before) &&
      this.isSame(theirs.end, submitted.listEnd, leaf.listStart + before, leaf.listEnd)
    );
  }

  /**
   * Whether the two match if a Precertificate Signing Certificate issued the precertificate.
   * @param signer undefined if it is unknown: any issuer and authorityKeyIdentifier then match.
   */
  isSignedBy(signer: PrecertificateSigner | undefined): boolean {
    const { bytes, submitted, leaf } = this;
    const isRestSame =
      this.isSame(submitted.start, submitted.issuerStart, leaf.start, leaf.issuerStart) &&
      this.isSame(submitted.issuerEnd, submitted.extensionsStart, leaf.issuerEnd, leaf.extensionsStart) &&
      this.isSame(submitted.extensionsEnd, submitted.end, leaf.extensionsEnd, leaf.end);
    if (!isRestSame && !this.areFieldsSame(false)) return false;
    if (signer !== undefined && signer.issuer.compare(bytes, leaf.issuerStart, leaf.issuerEnd) !== 0)
      return false;
    return this.areExtensionsSignedBy(signer);
  }

  private areFieldsSame(hasSameIssuer: boolean): boolean {
    return this.equality.isSame(this.bytes, this.submitted, this.leaf, hasSameIssuer);
  }

  /** Compares the extensions one after the other, without the poison. */
  private areExtensionsSame(): boolean {
    const { bytes, submitted, leaf, theirs, own } = this;
    let poisons = 0;
    theirs.open(bytes, submitted.listStart, submitted.listEnd);
    own.open(bytes, leaf.listStart, leaf.listEnd);
    while (theirs.next()) {
      if (theirs.equals(POISON)) poisons++;
      else if (!own.next() || !this.isExtensionSame()) return false;
    }
    return poisons === 1 && theirs.isAtEnd && own.isAtEnd;
  }

  /** Compares id, critical and value. The leaf lacks a critical of FALSE, the default, that the precertificate contains. */
  private isExtensionSame(): boolean {
    const { theirs, own } = this;
    if (this.isSame(theirs.start, theirs.end, own.start, own.end)) return true;
    return (
      this.isSame(theirs.oidStart, theirs.oidEnd, own.oidStart, own.oidEnd) &&
      theirs.readValue() &&
      own.readValue() &&
      theirs.isCritical !== undefined &&
      theirs.isCritical === own.isCritical &&
      this.isSame(theirs.valueStart, theirs.valueEnd, own.valueStart, own.valueEnd)
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
   */
  private areExtensionsSignedBy(signer: PrecertificateSigner | undefined): boolean {
    const { bytes, submitted, leaf, theirs, own } = this;
    let poisons = 0;
    let isReplaced = false;
    theirs.open(bytes, submitted.listStart, submitted.listEnd);
    own.open(bytes, leaf.listStart, leaf.listEnd);
    while (theirs.next()) {
      if (theirs.equals(POISON)) {
        poisons++;
        continue;
      }
      const isKeyId = theirs.is(AUTHORITY_KEY_IDENTIFIER) && !isReplaced;
      if (isKeyId) isReplaced = true;
      if (isKeyId && signer !== undefined && signer.authorityKeyIdentifier === undefined) continue;
      if (!own.next()) return false;
      const isRight = isKeyId ? this.isKeyIdOf(signer) : this.isExtensionSame();
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
    if (end - start !== otherEnd - otherStart) return false;
    return end === start || this.bytes.compare(this.bytes, otherStart, otherEnd, start, end) === 0;
  }
}
