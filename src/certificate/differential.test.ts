import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import type { CertificateData, CertificateExtensions, LeafCert } from './certificate-message.js';
import { CertificateRenderer } from './certificate-renderer.js';
import { corpusFolders, readBlobs } from './testing/corpus.js';
import { batchOf } from './testing/log-entries.js';
import { ATTRIBUTES, readWithNode, type NodeCertificate } from './testing/node-certificate.js';

const corpus = process.env['CT_CORPUS_DIR'];
if (corpus === undefined) console.warn('differential.test.ts skipped: CT_CORPUS_DIR is not set');
const folders = corpusFolders(corpus);

/** The only reasons for which the fields of a certificate may differ from those of other parsers. */
const Reason = {
  NotDer: 'not DER: OpenSSL reads indefinite lengths and trailing bytes, and hashes its own encoding',
  ParseError: 'a defect that the others pass over: ours has a parse_error',
  ImpossibleDate:
    'a date that does not exist: 0 here, "Bad time value" in OpenSSL, another date in @peculiar/x509',
  CaWithoutUsage: 'is_ca is cA of BasicConstraints; OpenSSL also wants keyCertSign',
  NoString: 'an attribute value that is not a character string: left out here, dumped by OpenSSL',
  BadName: 'a subjectAltName with a bad name: OpenSSL prints none of its names, ours prints the others',
  Utf8Name: 'UTF-8 in a dNSName: printed as Latin-1 by OpenSSL',
  Malformed: 'a malformed extension: left out here and counted',
  NothingToSay: 'no URI in cRLDistributionPoints or no keyIdentifier in authorityKeyIdentifier: no key here',
} as const;
type Reason = (typeof Reason)[keyof typeof Reason];

/** Number of certificates by reason for the OpenSSL of Node 20. Other versions differ in strictness. */
const NODE_DIFFERENCES: Partial<Record<Reason, number>> = {
  [Reason.NotDer]: 538,
  [Reason.ParseError]: 26,
  [Reason.ImpossibleDate]: 22,
  [Reason.CaWithoutUsage]: 129,
  [Reason.NoString]: 3,
  [Reason.BadName]: 11,
  [Reason.Utf8Name]: 1,
};

/** Every 20th blob is read with @peculiar/x509, which needs milliseconds per blob. */
const PECULIAR_STEP = 20;
const PECULIAR_DIFFERENCES: Partial<Record<Reason, number>> = {
  [Reason.ParseError]: 4,
  [Reason.ImpossibleDate]: 1,
  [Reason.NothingToSay]: 4,
};

const OIDS: Record<Exclude<keyof CertificateExtensions, 'extra'>, string> = {
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  authorityKeyIdentifier: '2.5.29.35',
  basicConstraints: '2.5.29.19',
  certificatePolicies: '2.5.29.32',
  ctlSignedCertificateTimestamp: '1.3.6.1.4.1.11129.2.4.2',
  extendedKeyUsage: '2.5.29.37',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  ctlPoisonByte: '1.3.6.1.4.1.11129.2.4.3',
  crlDistributionPoints: '2.5.29.31',
  issuerAltName: '2.5.29.18',
};

const renderer = new CertificateRenderer();

function read(der: Buffer): CertificateData {
  const entry = { timestamp: 0, submitted: der, chain: Buffer.alloc(0) };
  return new CertificateBatch(batchOf([entry]), renderer).entry(0).message().data;
}

/** Compares field by field and records the reason of each expected difference. */
class Comparison {
  readonly reasons = new Set<Reason>();
  readonly unexplained: string[] = [];

  constructor(private readonly name: string) {}

  equal(what: string, ours: unknown, theirs: unknown, reason?: Reason): void {
    if (JSON.stringify(ours) === JSON.stringify(theirs)) return;
    if (reason !== undefined) this.reasons.add(reason);
    else this.unexplained.push(`${this.name}: ${what} ${JSON.stringify(ours)}, ${JSON.stringify(theirs)}`);
  }
}

function compareWithNode(to: Comparison, data: CertificateData, theirs: NodeCertificate): void {
  const ours = data.leaf_cert;
  if (!theirs.isDer) return void to.reasons.add(Reason.NotDer);
  to.equal('SHA-1', ours.sha1, theirs.sha1);
  to.equal('SHA-256', ours.sha256, theirs.sha256);
  if (data.parse_error !== undefined) return void to.reasons.add(Reason.ParseError);
  to.equal('serial number', integer(ours.serial_number), integer(theirs.serial));
  for (const [ourDate, theirDate] of [
    [ours.not_before, theirs.notBefore],
    [ours.not_after, theirs.notAfter],
  ] as const) {
    to.equal('date', ourDate, theirDate, dateReason(ourDate));
  }
  to.equal('is_ca', ours.is_ca, theirs.isCa, ours.is_ca ? Reason.CaWithoutUsage : undefined);
  compareAttributes(to, ours, theirs);
  const names = dnsNames(ours);
  const theirNames = [...new Set(theirs.dnsNames)];
  to.equal('DNS names', names, theirNames, namesReason(names, theirNames));
}

function compareAttributes(to: Comparison, ours: LeafCert, theirs: NodeCertificate): void {
  for (const name of ['subject', 'issuer'] as const) {
    for (const [attribute, key] of ATTRIBUTES) {
      const values = theirs[name].get(attribute);
      const absent = key === 'CN' ? '' : null;
      const their = (key === 'CN' ? values?.at(-1) : values?.join(',')) ?? absent;
      const our = ours[name][key];
      to.equal(`${name} ${key}`, our, their, our === absent ? Reason.NoString : undefined);
    }
  }
}

/** Returns the reason for a different date. der-time.test.ts tests whether 0 is correct. */
function dateReason(ours: number): Reason | undefined {
  return ours === 0 ? Reason.ImpossibleDate : undefined;
}

/** Normalizes the digits, because OpenSSL pads negative numbers but not zero. */
function integer(hexadecimal: string): string {
  const magnitude = hexadecimal.replace('-', '').replace(/^0+(?=.)/, '');
  return hexadecimal.startsWith('-') ? `-${magnitude}` : magnitude;
}

/** Returns the octets that @peculiar/x509 prints: for a negative number its two's complement. */
function octets(hexadecimal: string, digits: number): string {
  const magnitude = BigInt(`0x${integer(hexadecimal).replace('-', '')}`);
  const value = hexadecimal.startsWith('-') ? -magnitude : magnitude;
  return BigInt.asUintN(4 * digits, value)
    .toString(16)
    .padStart(digits, '0');
}

/** Returns `all_domains` without the CN, if the CN is not also a dNSName. */
function dnsNames({ all_domains: all, subject, extensions }: LeafCert): string[] {
  const printed = (extensions.subjectAltName ?? '').split('DNS:').length - 1;
  return all.at(-1) === subject.CN && all.length > printed ? all.slice(0, -1) : all;
}

function namesReason(ours: readonly string[], theirs: readonly string[]): Reason | undefined {
  if (theirs.length === 0) return Reason.BadName;
  const asLatin1 = ours.map((name) => Buffer.from(name).toString('latin1'));
  return JSON.stringify(asLatin1) === JSON.stringify(theirs) ? Reason.Utf8Name : undefined;
}

function comparePeculiar(to: Comparison, der: Buffer, theirs: X509Certificate): void {
  const malformed = renderer.stats.malformedExtensions;
  const { leaf_cert: ours, parse_error: error } = read(der);
  if (error !== undefined) return void to.reasons.add(Reason.ParseError);
  const { serialNumber } = theirs;
  to.equal('serial number', octets(ours.serial_number, serialNumber.length), serialNumber);
  for (const [ourDate, theirDate] of [
    [ours.not_before, theirs.notBefore],
    [ours.not_after, theirs.notAfter],
  ] as const) {
    to.equal('date', ourDate, Math.floor(theirDate.getTime() / 1000), dateReason(ourDate));
  }
  compareExtensions(to, ours.extensions, theirs, malformed);
}

function compareExtensions(
  to: Comparison,
  { extra = [], ...known }: CertificateExtensions,
  theirs: X509Certificate,
  malformedBefore: number,
): void {
  const ours = new Set([...Object.keys(known).map((key) => OIDS[key as keyof typeof OIDS]), ...extra]);
  const types = new Set(theirs.extensions.map(({ type }) => type));
  to.equal(
    'extensions that are absent',
    [...ours].filter((oid) => !types.has(oid)),
    [],
  );
  for (const oid of types) {
    const silent = oid === OIDS.crlDistributionPoints || oid === OIDS.authorityKeyIdentifier;
    const left = renderer.stats.malformedExtensions > malformedBefore ? Reason.Malformed : undefined;
    to.equal(`extension ${oid}`, ours.has(oid), true, left ?? (silent ? Reason.NothingToSay : undefined));
  }
}

function count(found: Partial<Record<Reason, number>>, { reasons }: Comparison): void {
  for (const reason of reasons) found[reason] = (found[reason] ?? 0) + 1;
}

describe.skipIf(corpus === undefined)('agrees with other parsers or differs for a known reason', () => {
  it('compared with node:crypto for every blob that node:crypto parses', () => {
    const found: Partial<Record<Reason, number>> = {};
    const unexplained: string[] = [];
    let compared = 0;
    for (const { name, der } of folders.flatMap((folder) => readBlobs(corpus!, folder))) {
      const theirs = readWithNode(der);
      if (theirs === undefined) continue;
      compared++;
      const comparison = new Comparison(name);
      compareWithNode(comparison, read(der), theirs);
      count(found, comparison);
      unexplained.push(...comparison.unexplained);
    }
    console.log(`${compared} certificates compared with node:crypto; differences:`, found);
    expect(unexplained).toEqual([]);
    if (process.versions.openssl.startsWith('3.0.')) expect(found).toEqual(NODE_DIFFERENCES);
    expect(compared).toBeGreaterThan(5000);
  });

  it('compared with @peculiar/x509 for a sample of every folder', () => {
    const found: Partial<Record<Reason, number>> = {};
    const unexplained: string[] = [];
    let compared = 0;
    for (const folder of folders) {
      for (const { name, der } of readBlobs(corpus!, folder).filter((_, i) => i % PECULIAR_STEP === 0)) {
        const comparison = new Comparison(name);
        const theirs = readWithPeculiar(der);
        if (theirs === undefined) continue;
        compared++;
        comparePeculiar(comparison, der, theirs);
        count(found, comparison);
        unexplained.push(...comparison.unexplained);
      }
    }
    console.log(`${compared} certificates compared with @peculiar/x509; differences:`, found);
    expect(unexplained).toEqual([]);
    expect(found).toEqual(PECULIAR_DIFFERENCES);
    expect(compared).toBeGreaterThan(200);
  });
});

function readWithPeculiar(der: Buffer): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(new Uint8Array(der));
    return certificate.extensions.length >= 0 ? certificate : undefined;
  } catch {
    return undefined;
  }
}
