import { hash } from 'node:crypto';
import type { CertificateUpdate, LeafCert } from '../../src/certificate/certificate-message.js';
import type { PromisedEntry } from './log-submitter.js';
import type { RealLog } from './real-log.js';
import { colons, sha256Of } from './submissions.js';

/** The parts of a message that are held against the submission. Both sides have the same keys; the lite stream lacks some. */
export type EntryRecord = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Returns the record of a full or lite message. */
export function recordOf({ data }: CertificateUpdate): EntryRecord {
  const { leaf_cert: leaf, chain, source } = data;
  return {
    index: data.cert_index,
    type: data.update_type,
    protocol: source.type,
    timestamp: source.timestamp,
    log_id: data.log_id,
    verification: data.verification,
    parse_error: data.parse_error,
    fingerprint: leaf.fingerprint,
    sha1: leaf.sha1,
    sha256: leaf.sha256,
    ...(chain === undefined ? {} : { der: derHash(leaf), chain: JSON.stringify(chain.map(derHash)) }),
    chain_sha256: chain === undefined ? undefined : JSON.stringify(chain.map(({ sha256 }) => sha256)),
    names: JSON.stringify(leaf.all_domains),
    not_before: leaf.not_before,
    not_after: leaf.not_after,
    serial: leaf.serial_number,
    common_name: leaf.subject.CN,
    issuer: leaf.issuer.CN,
    is_ca: leaf.is_ca,
    poison: leaf.extensions.ctlPoisonByte ?? false,
  };
}

/** Returns the record that the message of the entry with an index must have. */
export function expectedRecord(
  entry: PromisedEntry,
  index: number,
  log: RealLog,
  isFull: boolean,
): EntryRecord {
  const { submission, timestamp } = entry;
  const { type, chain, issuers, expected } = submission;
  const [certificate] = chain;
  const sha1 = colons(hash('sha1', certificate, 'hex'));
  return {
    index,
    type: type === 'x509_entry' ? 'X509LogEntry' : 'PrecertLogEntry',
    protocol: log.protocol,
    timestamp: timestamp / 1000,
    log_id: logIdOf(log).toString('base64'),
    verification: 'verified',
    parse_error: undefined,
    fingerprint: sha1,
    sha1,
    sha256: submission.sha256,
    ...(isFull ? { der: submission.sha256, chain: JSON.stringify(issuers.map(sha256Of)) } : {}),
    chain_sha256: isFull ? JSON.stringify(issuers.map(sha256Of)) : undefined,
    names: JSON.stringify(expected.names),
    not_before: expected.notBefore,
    not_after: expected.notAfter,
    serial: BigInt(`0x${expected.serial.toString('hex')}`)
      .toString(16)
      .toUpperCase()
      .replace(/^(..)*.$/, '0$&'),
    common_name: expected.commonName,
    issuer: expected.issuerCommonName,
    is_ca: expected.isCa,
    poison: type === 'precert_entry',
  };
}

/** Returns the LogID (RFC 6962, 3.2). */
export function logIdOf({ publicKey }: RealLog): Buffer {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'buffer');
}

/** Returns one text for each key whose values differ. */
export function differences(found: EntryRecord, expected: EntryRecord): string[] {
  const keys = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return [...keys]
    .filter((key) => found[key] !== expected[key])
    .map((key) => `${key} is ${shown(found[key])}, not ${shown(expected[key])}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 300);
}

function derHash({ as_der: der = '' }: LeafCert): string {
  return sha256Of(Buffer.from(der, 'base64'));
}
