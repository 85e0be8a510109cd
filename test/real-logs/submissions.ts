import { hash, randomUUID } from 'node:crypto';
import * as der from '../../src/certificate/testing/der-builder.js';
import { type LogEntryType, precertSignedEntry, x509SignedEntry } from '../../src/simulator/log/log-entry.js';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import {
  type CertificateParts,
  encodeCertificate,
  encodeTbs,
  type Extension,
  type Signer,
  spkiOf,
  timeOf,
} from './certificate-encoder.js';
import type { RealLog } from './real-log.js';
import type { ShapeContext, ShapePlan } from './shape-plan.js';
import { SHAPES } from './submission-shapes.js';
import { type Authority, authorityKeyIdentifier, chainOf, type TestHierarchy } from './test-hierarchy.js';

const AUTHORITY_KEY_ID = '2.5.29.35';
const POISON: Extension = { id: '1.3.6.1.4.1.11129.2.4.3', value: der.hex('0500'), critical: true };

/** Fields of a certificate as the messages of the server must print them. */
export interface ExpectedFields {
  readonly names: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** Contents of the INTEGER. */
  readonly serial: Buffer;
  readonly commonName: string;
  readonly issuerCommonName: string;
  readonly isCa: boolean;
}

/** A certificate or precertificate for a log, with the entry that it must become. */
export interface RealSubmission {
  readonly shape: string;
  readonly type: LogEntryType;
  /** SHA-256 of the certificate, as the messages print it. */
  readonly sha256: string;
  /** DER certificates for add-chain or add-pre-chain: first the certificate itself. */
  readonly chain: readonly Buffer[];
  /** All issuers up to and including the root, as the log stores them. */
  readonly issuers: readonly Buffer[];
  /** `entry_type | signed_entry` (RFC 6962, 3.4). */
  readonly signedEntry: Buffer;
  readonly expected: ExpectedFields;
}

/** Makes submissions of every shape in turn, each shape as certificate and as precertificate. */
export class SubmissionMaker {
  private readonly random: SeededRandom;
  private made = 0;
  private roots = 0;

  /** @param log how the log encodes entries. */
  constructor(
    private readonly hierarchy: TestHierarchy,
    seed: number,
    private readonly log: Pick<RealLog, 'hasEmptyExtensions'>,
  ) {
    this.random = new SeededRandom(seed);
  }

  next(): RealSubmission {
    const names = Object.keys(SHAPES);
    const turn = this.made++;
    const place = turn % (2 * names.length + 1);
    const root = this.hierarchy.submittedRoots[this.roots];
    if (place === 2 * names.length && root !== undefined) {
      this.roots++;
      return rootSubmission(root);
    }
    const shape = names[Math.floor(place / 2) % names.length];
    const host = `h${turn}-${randomUUID().slice(0, 8)}.example.com`;
    const context: ShapeContext = { hierarchy: this.hierarchy, random: this.random, host };
    const plan = SHAPES[shape](context);
    const hasRoot = plan.hasRoot ?? turn % 3 === 0;
    return place % 2 === 0
      ? this.certificate(shape, plan, host, hasRoot)
      : this.precertificate(shape, plan, host, hasRoot);
  }

  private certificate(shape: string, plan: ShapePlan, host: string, hasRoot: boolean): RealSubmission {
    const { hierarchy, random } = this;
    const issuer = plan.issuer ?? hierarchy.ecIssuer;
    const signer = { name: issuer.name, algorithm: plan.algorithm ?? issuer.algorithm };
    const parts = partsOf(plan, { hierarchy, random, host }, issuer);
    const isFirstVersion = parts.extensions.length === 0;
    const certificate = encodeCertificate({ ...parts, version: isFirstVersion ? 1 : 3 }, signer);
    return {
      shape,
      type: 'x509_entry',
      sha256: sha256Of(certificate),
      chain: [certificate, ...chainOf(issuer, hasRoot)],
      issuers: chainOf(issuer),
      signedEntry: x509SignedEntry(certificate),
      expected: expectedFields(parts, plan, host, issuer),
    };
  }

  private precertificate(shape: string, plan: ShapePlan, host: string, hasRoot: boolean): RealSubmission {
    const { hierarchy, random } = this;
    const issuer = plan.issuer ?? hierarchy.ecIssuer;
    const { precertSigner } = plan;
    const signedBy = precertSigner ?? issuer;
    const parts = partsOf(plan, { hierarchy, random, host }, signedBy);
    const signer: Signer = { name: signedBy.name, algorithm: plan.algorithm ?? signedBy.algorithm };
    const certificate = encodeCertificate(
      { ...parts, extensions: poisoned(parts.extensions, random) },
      signer,
    );
    // The log gives the entry the issuer of the final certificate (RFC 6962, 3.2).
    const final =
      precertSigner === undefined ? parts : { ...parts, extensions: finalExtensions(parts, precertSigner) };
    const form = this.log.hasEmptyExtensions ? 'with-empty-extensions' : 'canonical';
    const tbs = encodeTbs(final, { ...signer, name: issuer.name }, form);
    return {
      shape,
      type: 'precert_entry',
      sha256: sha256Of(certificate),
      chain: [certificate, ...chainOf(signedBy, hasRoot)],
      issuers: chainOf(signedBy),
      signedEntry: precertSignedEntry(issuer.spki, tbs),
      expected: expectedFields(parts, plan, host, issuer),
    };
  }
}

function partsOf(
  plan: ShapePlan,
  { hierarchy, random, host }: ShapeContext,
  issuer: Authority,
): CertificateParts {
  const names = plan.names ?? [[0x82, host]];
  const isEmpty = plan.commonName === '';
  const san: Extension = { id: '2.5.29.17', value: der.generalNames(...names), critical: isEmpty };
  const others = plan.extensions ?? [
    { id: '2.5.29.15', value: der.hex('03020780'), critical: true },
    { id: '2.5.29.37', value: der.sequence(der.oid('1.3.6.1.5.5.7.3.1')) },
    { id: '2.5.29.19', value: der.sequence(), critical: true },
    authorityKeyIdentifier(issuer),
  ];
  return {
    version: 3,
    serial: Buffer.concat([Buffer.from([0x4a]), random.bytes(15)]),
    subject: der.name(['CN', plan.commonName ?? host]),
    notBefore: timeOf('2026-01-01T00:00:00Z'),
    notAfter: timeOf('2026-03-31T23:59:59Z'),
    publicKey: spkiOf(hierarchy.keys.p256),
    extensions: names.length === 0 ? others : [...others, san],
    ...plan.parts,
  };
}

/** Adds the poison extension at any place. */
function poisoned(extensions: readonly Extension[], random: SeededRandom): Extension[] {
  return extensions.toSpliced(random.below(extensions.length + 1), 0, POISON);
}

/** Replaces the key identifier of a precertificate signing certificate with that of its issuer, as logs do. */
function finalExtensions({ extensions }: CertificateParts, signer: Authority): readonly Extension[] {
  const at = extensions.findIndex(({ id }) => id === AUTHORITY_KEY_ID);
  const own = signer.hasIssuerKeyId ? authorityKeyIdentifier(signer.issuer!) : undefined;
  if (at < 0) return own === undefined ? extensions : [...extensions, own];
  return own === undefined
    ? extensions.toSpliced(at, 1)
    : extensions.with(at, { ...extensions[at], value: own.value });
}

function expectedFields(
  parts: CertificateParts,
  plan: ShapePlan,
  host: string,
  issuer: Authority,
): ExpectedFields {
  const commonName = plan.commonName ?? host;
  const dns = (plan.names ?? [[0x82, host]]).filter(([tag]) => tag === 0x82).map(([, name]) => String(name));
  const all = commonName === '' || plan.isCa === true ? dns : [...dns, commonName];
  return {
    names: [...new Set(all)],
    notBefore: parts.notBefore.seconds,
    notAfter: parts.notAfter.seconds,
    serial: parts.serial,
    commonName,
    issuerCommonName: issuer.commonName,
    isCa: plan.isCa === true,
  };
}

/** Returns the submission of a root. Its chain is the root alone. */
function rootSubmission({ certificate, commonName, serial }: Authority): RealSubmission {
  return {
    shape: 'root',
    type: 'x509_entry',
    sha256: sha256Of(certificate),
    chain: [certificate],
    issuers: [],
    signedEntry: x509SignedEntry(certificate),
    expected: {
      names: [],
      notBefore: timeOf('2020-01-01T00:00:00Z').seconds,
      notAfter: timeOf('2049-12-31T23:59:59Z').seconds,
      serial,
      commonName,
      issuerCommonName: commonName,
      isCa: true,
    },
  };
}

/** Returns the SHA-256 as the messages print it. */
export function sha256Of(bytes: Buffer): string {
  return colons(hash('sha256', bytes, 'hex'));
}

export function colons(digits: string): string {
  return digits.toUpperCase().replace(/..(?=.)/g, '$&:');
}
