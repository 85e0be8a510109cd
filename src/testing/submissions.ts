import { X509Certificate } from 'node:crypto';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import type { LogSource } from '../certificate/entry-batch.js';
import { encodeOid } from '../certificate/oid.js';
import { ExtensionCursor } from '../certificate/precertificate/extension-cursor.js';
import { TbsLayout } from '../certificate/precertificate/tbs-layout.js';
import { decodeGetEntriesPage } from '../ct-log/client/rfc6962/get-entries-page.js';
import { locateEntries } from '../ct-log/client/rfc6962/merkle-tree-leaf.js';
import { SubmissionContent } from '../simulator/log/entry-content.js';
import { precertSignedEntry, type Submission, x509SignedEntry } from '../simulator/log/log-entry.js';
import { explicit, sequence } from '../simulator/pki/der-writer.js';

const POISON = encodeOid('1.3.6.1.4.1.11129.2.4.3');
/** Extended key usage of a precertificate signing certificate (RFC 6962, 3.1). */
const PRECERTIFICATE_SIGNING = '1.3.6.1.4.1.11129.2.4.4';
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Returns the submission of a CA to a log, for `SimulatedLog.appendSubmission`. A certificate with the poison extension becomes a
 * precert_entry, any other certificate an x509_entry.
 * @param certificates PEM texts of one or more certificates each, or DER of one each: first the certificate itself, then its issuers.
 * @throws TypeError if there is no certificate, if a precertificate has no issuer, or if a precertificate signing certificate
 * signed it.
 */
export function submissionOf(...certificates: readonly (string | Buffer)[]): Submission {
  const [leaf, ...issuers] = certificates.flatMap(readCertificates);
  if (leaf === undefined) throw new TypeError('submissionOf: there is no certificate');
  const { raw: submittedDer, subjectAltName = '' } = leaf;
  const layout = layoutOf(submittedDer);
  const tbs = withoutPoison(submittedDer, layout);
  return {
    type: tbs === undefined ? 'x509_entry' : 'precert_entry',
    signedEntry:
      tbs === undefined ? x509SignedEntry(submittedDer) : precertSignedEntry(keyOf(issuers[0]), tbs),
    submittedDer,
    chain: issuers.map(({ raw }) => raw),
    domains: [...subjectAltName.matchAll(/DNS:([^,]+)/g)].map(([, name]) => name),
  };
}

export interface BatchOptions {
  /** Index of the first entry. Default: 0. */
  readonly firstIndex?: number;
  /** Timestamp of every entry, milliseconds since the epoch. Default: now. */
  readonly timestamp?: number;
  /** Properties of the log that contains the entries. */
  readonly source?: Partial<LogSource>;
}

/** Returns consecutive entries of an RFC 6962 log as subscribers and outputs get them, for tests without a server. */
export function batchOf(submissions: readonly Submission[], options: BatchOptions = {}): CertificateBatch {
  const { firstIndex = 0, timestamp = Date.now(), source } = options;
  const parts: Buffer[] = [];
  submissions.forEach((submission, i) => {
    parts.push(Buffer.from(i === 0 ? '{"entries":[' : ','));
    SubmissionContent.of(submission, false).json(firstIndex + i, timestamp, parts);
  });
  const page = decodeGetEntriesPage(Buffer.concat([...parts, Buffer.from(']}')]));
  const entries = locateEntries(page).build({
    source: {
      name: 'Test log',
      url: 'https://log.example',
      operator: 'Test',
      type: 'rfc6962',
      ...source,
    },
    firstIndex,
    bytes: page.bytes,
    seen: timestamp,
  });
  return new CertificateBatch(entries, new CertificateRenderer());
}

function readCertificates(given: string | Buffer): X509Certificate[] {
  if (Buffer.isBuffer(given)) return [new X509Certificate(given)];
  return (given.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
}

/** Returns the layout of the TBSCertificate of a certificate. */
function layoutOf(certificate: Buffer): TbsLayout {
  const layout = new TbsLayout();
  const header = certificate[1] < 0x80 ? 2 : 2 + (certificate[1] & 0x7f);
  if (!layout.read(certificate, header, certificate.length))
    throw new TypeError('submissionOf: cannot read the TBSCertificate of the certificate');
  return layout;
}

/** Returns the TBSCertificate that the log signs, or undefined if there is no poison extension. */
function withoutPoison(certificate: Buffer, layout: TbsLayout): Buffer | undefined {
  const cursor = new ExtensionCursor();
  cursor.open(certificate, layout.listStart, layout.listEnd);
  const kept: Buffer[] = [];
  let isPoisoned = false;
  while (cursor.next()) {
    if (cursor.is(POISON)) isPoisoned = true;
    else kept.push(certificate.subarray(cursor.start, cursor.end));
  }
  if (!isPoisoned) return undefined;
  const before = certificate.subarray(layout.start, layout.extensionsStart);
  return sequence(before, explicit(3, sequence(...kept)));
}

function keyOf(issuer: X509Certificate | undefined): Buffer {
  if (issuer === undefined) throw new TypeError('submissionOf: a precertificate needs its issuer');
  if (issuer.keyUsage?.includes(PRECERTIFICATE_SIGNING))
    throw new TypeError('submissionOf: a precertificate signing certificate is not supported');
  const { keyStart, keyEnd } = layoutOf(issuer.raw);
  return issuer.raw.subarray(keyStart, keyEnd);
}
