import { X509Certificate } from 'node:crypto';
import type { CertificateName } from '../certificate-message.js';

/** Fields that node:crypto (OpenSSL) reads from a certificate, converted to the wire format. */
export interface NodeCertificate {
  /** False if the input is BER (indefinite lengths, trailing bytes). OpenSSL accepts BER but hashes its own DER encoding. */
  readonly isDer: boolean;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly sha1: string;
  readonly sha256: string;
  readonly isCa: boolean;
  readonly subject: Attributes;
  readonly issuer: Attributes;
  readonly dnsNames: readonly string[];
}

/** All values of each attribute, by the short name that OpenSSL prints. */
export type Attributes = ReadonlyMap<string, readonly string[]>;

/** Pairs of a name that OpenSSL prints and the key of the wire format. */
export const ATTRIBUTES: readonly (readonly [string, keyof CertificateName])[] = [
  ['C', 'C'],
  ['CN', 'CN'],
  ['L', 'L'],
  ['O', 'O'],
  ['OU', 'OU'],
  ['ST', 'ST'],
  ['emailAddress', 'emailAddress'],
];

/** Reads a certificate with OpenSSL. @returns undefined if OpenSSL cannot parse it. */
export function readWithNode(der: Buffer): NodeCertificate | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return undefined;
  }
  return {
    isDer: certificate.raw.equals(der),
    serial: certificate.serialNumber,
    notBefore: unixSeconds(certificate.validFrom),
    notAfter: unixSeconds(certificate.validTo),
    sha1: certificate.fingerprint,
    sha256: certificate.fingerprint256,
    isCa: certificate.ca,
    subject: attributes(certificate.subject),
    issuer: attributes(certificate.issuer),
    dnsNames: dnsNames(certificate.subjectAltName),
  };
}

/** Parses `Jan  1 00:00:00 2017 GMT` to Unix seconds without fractions. Returns NaN for `Bad time value`. */
function unixSeconds(text: string): number {
  // Date.parse takes the years 0 to 99 as years of the 20th and 21st century.
  const padded = text.replace(/(?<= )\d{1,3}(?= GMT$)/, (year) => year.padStart(4, '0'));
  const [, month, day, time, year] = /^(\w+) +(\d+) ([\d:.]+) (\d{4}) GMT$/.exec(padded) ?? [];
  const monthNumber = 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(month ?? '?') / 3 + 1;
  const date = [year, String(monthNumber).padStart(2, '0'), day?.padStart(2, '0')].join('-');
  return Math.floor(Date.parse(`${date}T${time}Z`) / 1000);
}

/** Parses `K=V` lines. Attributes of one RDN are joined with ` + `; values are escaped as in RFC 2253. */
function attributes(text: string | undefined): Attributes {
  const found = new Map<string, string[]>();
  for (const line of (text ?? '').split(/\n| \+ (?=[A-Za-z0-9.]+=)/)) {
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    const key = line.slice(0, equals);
    found.set(key, [...(found.get(key) ?? []), unescape2253(line.slice(equals + 1))]);
  }
  return found;
}

function unescape2253(value: string): string {
  return value.replaceAll(/\\([0-9A-F]{2}|.)/g, (_match, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(parseInt(escaped, 16)) : escaped,
  );
}

function dnsNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '')
    .split(/, (?=(?:DNS|IP Address|email|URI|DirName|othername|Registered ID|X400Name|EdiPartyName):)/)
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => (name.startsWith('DNS:"') ? (JSON.parse(name.slice(4)) as string) : name.slice(4)));
}
