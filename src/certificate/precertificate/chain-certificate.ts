import { DerReader, Tag } from '../der-reader.js';
import { digest } from '../fingerprint.js';
import { encodeOid } from '../oid.js';
import { ExtensionCursor } from './extension-cursor.js';
import { TbsLayout } from './tbs-layout.js';

/** The values that a Precertificate Signing Certificate puts into the leaf's TBSCertificate (RFC 6962, 3.2), as copies. */
export interface PrecertificateSigner {
  /** Name of the signer's issuer, which will issue the certificate, with its DER header. */
  readonly issuer: Buffer;
  /** Contents of the extnValue of the signer's authorityKeyIdentifier; undefined if it has none. */
  readonly authorityKeyIdentifier: Buffer | undefined;
}

/** The checked fields of a certificate in the chain of a precertificate. */
export interface ChainCertificate {
  /** SHA-256 of its SubjectPublicKeyInfo, one character per octet; empty if the certificate cannot be parsed. */
  readonly keyHash: string;
  /** Set if it is a Precertificate Signing Certificate. */
  readonly signer: PrecertificateSigner | undefined;
}

export const AUTHORITY_KEY_IDENTIFIER = encodeOid('2.5.29.35');
const EXTENDED_KEY_USAGE = encodeOid('2.5.29.37');
/** RFC 6962, 3.1. */
const PRECERTIFICATE_SIGNING = encodeOid('1.3.6.1.4.1.11129.2.4.4');

/** Maximum number of certificates that are kept; a few hundred issuers sign all entries. */
const MAX_CERTIFICATES = 1024;
/** Maximum number of bytes of {@link PrecertificateSigner} per certificate. A larger one is not kept but parsed each time. */
const MAX_KEPT = 4096;

const der = new DerReader();
const tbs = new TbsLayout();
const extensions = new ExtensionCursor();

/** @param bytes may be any bytes; the key hash is empty if they are not a certificate. */
function readChainCertificate(bytes: Buffer): ChainCertificate {
  der.bytes = bytes;
  if (!der.expect(Tag.Sequence, 0, bytes.length) || !tbs.read(bytes, der.start, der.end))
    return { keyHash: '', signer: undefined };
  const keyHash = digest('sha256', bytes.subarray(tbs.keyStart, tbs.keyEnd));
  return { keyHash, signer: readSigner(bytes) };
}

function readSigner(bytes: Buffer): PrecertificateSigner | undefined {
  let isSigner = false;
  let authorityKeyIdentifier: Buffer | undefined;
  extensions.open(bytes, tbs.listStart, tbs.listEnd);
  while (extensions.next()) {
    if (extensions.is(EXTENDED_KEY_USAGE)) isSigner ||= extensions.readValue() && namesPurpose(bytes);
    else if (extensions.is(AUTHORITY_KEY_IDENTIFIER) && extensions.readValue())
      authorityKeyIdentifier ??= bytes.subarray(extensions.valueStart, extensions.valueEnd);
  }
  if (!isSigner) return undefined;
  return {
    issuer: Buffer.from(bytes.subarray(tbs.issuerStart, tbs.issuerEnd)),
    authorityKeyIdentifier: authorityKeyIdentifier && Buffer.from(authorityKeyIdentifier),
  };
}

/** Whether the ExtKeyUsageSyntax (RFC 5280, 4.2.1.12) contains the purpose of signing precertificates. */
function namesPurpose(bytes: Buffer): boolean {
  if (!der.expect(Tag.Sequence, extensions.valueStart, extensions.valueEnd)) return false;
  const { end } = der;
  for (let at = der.start; der.expect(Tag.ObjectIdentifier, at, end); at = der.end) {
    if (bytes.subarray(der.start, der.end).equals(PRECERTIFICATE_SIGNING)) return true;
  }
  return false;
}

/** ChainCertificates caches the parsed certificates of chains for all logs. The oldest ones are removed first. */
export class ChainCertificates {
  private readonly known = new Map<string, ChainCertificate>();

  /** @param fingerprint SHA-256 of the DER, one character per octet. */
  get(fingerprint: string): ChainCertificate | undefined {
    return this.known.get(fingerprint);
  }

  /** Parses a certificate and keeps the result. @param bytes the DER with that fingerprint. */
  read(fingerprint: string, bytes: Buffer): ChainCertificate {
    const certificate = readChainCertificate(bytes);
    if (keptBytes(certificate) > MAX_KEPT) return certificate;
    this.known.set(fingerprint, certificate);
    if (this.known.size > MAX_CERTIFICATES) this.known.delete(this.known.keys().next().value!);
    return certificate;
  }

  /** Returns the kept certificate with these bytes, or parses it. */
  of(bytes: Buffer): ChainCertificate {
    const fingerprint = digest('sha256', bytes);
    return this.known.get(fingerprint) ?? this.read(fingerprint, bytes);
  }
}

function keptBytes({ signer }: ChainCertificate): number {
  return signer === undefined ? 0 : signer.issuer.length + (signer.authorityKeyIdentifier?.length ?? 0);
}
