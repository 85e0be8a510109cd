import type { KeyObject } from 'node:crypto';
import { ecdsaKeyPair, sharedCaHierarchy, spkiOf } from './certificate-authority.js';
import type { CaHierarchy, CertificateAuthority } from './certificate-authority.js';
import * as x509 from './certificate-builder.js';
import type { CertificateFields } from './certificate-builder.js';
import { randomProfile, requestFor } from './certificate-profiles.js';
import type { CertificateProfile, CertificateRequest } from './certificate-profiles.js';
import { precertSignedEntry, uint, x509SignedEntry } from '../log/log-entry.js';
import type { Submission } from '../log/log-entry.js';
import { LogKey } from '../log/log-key.js';
import { SeededRandom } from './seeded-random.js';

const DAY = 86_400_000;
const SUBJECT_KEYS = 4;
const DIGITAL_SIGNATURE_AND_KEY_ENCIPHERMENT = 0xa0;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const DOMAIN_VALIDATED = '2.23.140.1.2.1';
const ORGANIZATION_VALIDATED = '2.23.140.1.2.2';

/** A precertificate and the certificate that is issued for it. */
export interface IssuedPair {
  readonly precertificate: Submission;
  readonly certificate: Submission;
}

export interface CertificateIssuerOptions {
  /** Seed of names, serial numbers and kinds; keys and signatures do not depend on it. Default 1. */
  readonly seed?: number;
  /** Start of the validity, milliseconds since the epoch. Default: now. */
  readonly notBefore?: number;
}

/** Issues certificates under the test PKI. Each one is first issued as a precertificate that is "logged" for two SCTs. */
export class CertificateIssuer {
  private readonly random: SeededRandom;
  private readonly notBefore: number;

  private constructor(
    readonly hierarchy: CaHierarchy,
    /** Keys of the two logs whose SCTs are embedded. */
    readonly sctKeys: readonly LogKey[],
    private readonly subjectKeys: { readonly ecdsa: readonly Buffer[]; readonly rsa: readonly Buffer[] },
    options: CertificateIssuerOptions,
  ) {
    this.random = new SeededRandom(options.seed ?? 1);
    this.notBefore = options.notBefore ?? Date.now();
  }

  static async create(options: CertificateIssuerOptions = {}): Promise<CertificateIssuer> {
    const hierarchy = await sharedCaHierarchy();
    const keys: KeyObject[] = await Promise.all(Array.from({ length: SUBJECT_KEYS }, ecdsaKeyPair));
    const rsa = [hierarchy.rsaRoot.spki];
    return new CertificateIssuer(
      hierarchy,
      [new LogKey(), new LogKey()],
      { ecdsa: keys.map(spkiOf), rsa },
      options,
    );
  }

  issue(profile: CertificateProfile = randomProfile(this.random)): IssuedPair {
    const request = requestFor(profile, this.random);
    const issuer =
      request.keyType === 'rsa' ? this.hierarchy.rsaIntermediate : this.hierarchy.ecdsaIntermediate;
    const precertSigner = profile === 'precert-signing-certificate' ? this.hierarchy.precertSigning : issuer;
    const fields = this.certificateFields(request, issuer);
    const tbs = x509.tbsCertificate(fields, issuer.privateKey);
    const signedEntry = precertSignedEntry(issuer.spki, tbs);
    const sctList = x509.embeddedSctList(this.sctList(signedEntry));
    const certificate = sign(fields, issuer, sctList);
    const common = {
      profile,
      serialNumber: fields.serialNumber,
      domains: request.names.flatMap((name) => ('dns' in name ? [name.dns] : [])),
    };
    return {
      precertificate: {
        ...common,
        type: 'precert_entry',
        signedEntry,
        submittedDer: this.precertificate(fields, precertSigner),
        chain: [precertSigner.der, ...precertSigner.issuers],
      },
      certificate: {
        ...common,
        type: 'x509_entry',
        signedEntry: x509SignedEntry(certificate),
        submittedDer: certificate,
        chain: [issuer.der, ...issuer.issuers],
      },
    };
  }

  private certificateFields(request: CertificateRequest, issuer: CertificateAuthority): CertificateFields {
    const spki = this.subjectKey(request.keyType);
    const hasSubject = Object.keys(request.subject).length > 0;
    const policy = request.organizationValidated ? ORGANIZATION_VALIDATED : DOMAIN_VALIDATED;
    const serialNumber = this.random.bytes(16);
    return {
      serialNumber,
      issuer: issuer.name,
      subject: x509.distinguishedName(request.subject),
      notBefore: new Date(this.notBefore),
      notAfter: new Date(this.notBefore + 90 * DAY),
      spki,
      extensions: [
        x509.keyUsage(DIGITAL_SIGNATURE_AND_KEY_ENCIPHERMENT),
        x509.extendedKeyUsage(SERVER_AUTH, ...(request.organizationValidated ? [CLIENT_AUTH] : [])),
        x509.basicConstraints(false),
        ...(hasSubject ? [x509.subjectKeyIdentifier(spki)] : []),
        x509.authorityKeyIdentifier(issuer.spki),
        x509.authorityInfoAccess('http://ocsp.ca.example', 'http://issuers.ca.example/issuer.der'),
        x509.subjectAltName(request.names, !hasSubject),
        x509.certificatePolicies(policy),
        x509.crlDistributionPoint('http://crl.ca.example/1.crl'),
      ],
    };
  }

  private subjectKey(keyType: 'rsa' | 'ecdsa'): Buffer {
    const keys = this.subjectKeys[keyType];
    return keys[this.random.below(keys.length)] ?? this.hierarchy.rsaRoot.spki;
  }

  /**
   * Issues a precertificate, signed by the issuer or by a precertificate signing certificate under its own name (RFC
   * 6962, 3.1).
   */
  private precertificate(fields: CertificateFields, signer: CertificateAuthority): Buffer {
    if (signer !== this.hierarchy.precertSigning) return sign(fields, signer, x509.poison());
    const issuerKeyId = x509.authorityKeyIdentifier(this.hierarchy.ecdsaIntermediate.spki);
    const signerKeyId = x509.authorityKeyIdentifier(signer.spki);
    const extensions = fields.extensions.map((item) => (item.equals(issuerKeyId) ? signerKeyId : item));
    return sign({ ...fields, issuer: signer.name, extensions }, signer, x509.poison());
  }

  /** Encodes the SignedCertificateTimestampList (RFC 6962, 3.2 and 3.3). */
  private sctList(signedEntry: Buffer): Buffer {
    const timestamp = uint(this.notBefore, 8);
    const signed = Buffer.concat([uint(0, 2), timestamp, signedEntry, uint(0, 2)]);
    const scts = this.sctKeys.map((key) => {
      const sct = Buffer.concat([uint(0, 1), key.logId, timestamp, uint(0, 2), key.digitallySign(signed)]);
      return Buffer.concat([uint(sct.length, 2), sct]);
    });
    const list = Buffer.concat(scts);
    return Buffer.concat([uint(list.length, 2), list]);
  }
}

function sign(fields: CertificateFields, signer: CertificateAuthority, lastExtension: Buffer): Buffer {
  const complete = { ...fields, extensions: [...fields.extensions, lastExtension] };
  return x509.signCertificate(x509.tbsCertificate(complete, signer.privateKey), signer.privateKey);
}
