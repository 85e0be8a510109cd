import { digest } from '../fingerprint.js';
import { type ChainCertificate, readChainCertificate } from './chain-certificate.js';

/** A few hundred issuers sign everything. */
const MAX_CERTIFICATES = 1024;
/** Of the names that a signing certificate brings, octets; larger ones are read anew each time. */
const MAX_KEPT = 4096;

/** What matters of the certificates in chains, read once each; shared by all logs. The oldest go first. */
export class ChainCertificates {
  private readonly known = new Map<string, ChainCertificate>();

  /** @param fingerprint SHA-256 of the DER, one character per octet. */
  get(fingerprint: string): ChainCertificate | undefined {
    return this.known.get(fingerprint);
  }

  /** @param der what has that fingerprint. */
  read(fingerprint: string, der: Buffer): ChainCertificate {
    const certificate = readChainCertificate(der);
    if (keptBytes(certificate) > MAX_KEPT) return certificate;
    this.known.set(fingerprint, certificate);
    if (this.known.size > MAX_CERTIFICATES) this.known.delete(this.known.keys().next().value!);
    return certificate;
  }

  /** By its bytes. */
  of(der: Buffer): ChainCertificate {
    const fingerprint = digest('sha256', der);
    return this.known.get(fingerprint) ?? this.read(fingerprint, der);
  }
}

function keptBytes({ signer }: ChainCertificate): number {
  return signer === undefined ? 0 : signer.issuer.length + (signer.authorityKeyIdentifier?.length ?? 0);
}
