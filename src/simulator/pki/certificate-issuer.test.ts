import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { CertificateIssuer } from './certificate-issuer.js';
import type { IssuedPair } from './certificate-issuer.js';
import { CertificatePool } from './certificate-pool.js';
import type { CertificateProfile } from './certificate-profiles.js';

const PROFILES: CertificateProfile[] = [
  'dv',
  'wildcard',
  'empty-subject',
  'many-names',
  'ov',
  'mixed-names',
  'precert-signing-certificate',
];
const POISON = Buffer.from('3013060a2b06010401d6790204030101ff04020500', 'hex');
const SCT_LIST_OID = Buffer.from('060a2b06010401d679020402', 'hex');
const PRECERT_SIGNING_EKU = Buffer.from('060a2b06010401d679020404', 'hex');
const CRITICAL_SAN = Buffer.from('0603551d110101ff', 'hex');
const NOT_BEFORE = Date.UTC(2026, 5, 1);

let issuer: CertificateIssuer;
beforeAll(async () => {
  issuer = await CertificateIssuer.create({ seed: 7, notBefore: NOT_BEFORE });
});

function signedEntryDer(signedEntry: Buffer): Buffer {
  return signedEntry.subarray(signedEntry.readUInt16BE(0) === 1 ? 37 : 5);
}

describe.each(PROFILES)('profile %s', (profile) => {
  let pair: IssuedPair;
  beforeAll(() => {
    pair = issuer.issue(profile);
  });

  it('issues certificates that parse and verify up to the root', () => {
    for (const { submittedDer, chain } of [pair.precertificate, pair.certificate]) {
      const path = [submittedDer, ...chain].map((der) => new X509Certificate(der));
      path.forEach((certificate, i) => {
        const above = path[i + 1] ?? certificate;
        expect(certificate.verify(above.publicKey)).toBe(true);
        expect(certificate.issuer).toBe(above.subject);
      });
      expect(path.slice(1).every((certificate) => certificate.ca)).toBe(true);
      expect(path[0]?.ca).toBe(false);
      expect(new Date(path[0]?.validFrom ?? '').getTime()).toBe(NOT_BEFORE);
    }
  });

  it('poisons the precertificate and puts SCTs into the certificate, over the same TBSCertificate', () => {
    const { precertificate, certificate } = pair;
    expect(precertificate.submittedDer.includes(POISON)).toBe(true);
    expect(precertificate.submittedDer.includes(SCT_LIST_OID)).toBe(false);
    expect(certificate.submittedDer.includes(POISON)).toBe(false);
    expect(certificate.submittedDer.includes(SCT_LIST_OID)).toBe(true);
    expect(certificate.signedEntry.subarray(5)).toEqual(certificate.submittedDer);
    const tbs = signedEntryDer(precertificate.signedEntry);
    expect(withoutExtension(tbsOf(certificate.submittedDer), SCT_LIST_OID)).toEqual(tbs);
    if (profile !== 'precert-signing-certificate') {
      expect(withoutExtension(tbsOf(precertificate.submittedDer), POISON.subarray(2, 14))).toEqual(tbs);
    }
    expect(new X509Certificate(precertificate.submittedDer).serialNumber).toBe(
      new X509Certificate(certificate.submittedDer).serialNumber,
    );
  });

  it('identifies the final issuer by the hash of its key', () => {
    const finalIssuer = new X509Certificate(pair.certificate.chain[0] ?? Buffer.alloc(0));
    const spki = finalIssuer.publicKey.export({ type: 'spki', format: 'der' });
    const issuerKeyHash = pair.precertificate.signedEntry.subarray(2, 34);
    expect(issuerKeyHash).toEqual(createHash('sha256').update(spki).digest());
  });

  it('embeds SCTs that verify with the keys of the logs they name', () => {
    const scts = embeddedScts(pair.certificate.submittedDer);
    expect(scts).toHaveLength(2);
    for (const sct of scts) {
      const key = issuer.sctKeys.find(({ logId }) => logId.equals(sct.subarray(1, 33)));
      const signed = Buffer.concat([
        Buffer.from([0, 0]),
        sct.subarray(33, 41),
        pair.precertificate.signedEntry,
        Buffer.from([0, 0]),
      ]);
      const publicKey = createPublicKey({ key: key?.spki ?? Buffer.alloc(0), format: 'der', type: 'spki' });
      expect(verify('sha256', signed, publicKey, sct.subarray(47))).toBe(true);
    }
  });

  it('returns the DNS names of the certificate', () => {
    const names = new X509Certificate(pair.certificate.submittedDer).subjectAltName?.split(', ') ?? [];
    expect(names.filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4))).toEqual(
      pair.certificate.domains,
    );
  });
});

describe('special profiles', () => {
  it('empty-subject has a critical subjectAltName and no subject', () => {
    const { submittedDer } = issuer.issue('empty-subject').certificate;
    expect(new X509Certificate(submittedDer).subject ?? '').toBe('');
    expect(submittedDer.includes(CRITICAL_SAN)).toBe(true);
    expect(issuer.issue('dv').certificate.submittedDer.includes(CRITICAL_SAN)).toBe(false);
  });

  it('ov has an organization with state and locality', () => {
    const { subject } = new X509Certificate(issuer.issue('ov').certificate.submittedDer);
    expect(subject).toContain('O=Example & Söhne AG');
    expect(subject).toContain('ST=Zürich');
    expect(subject).toContain('L=Winterthur');
  });

  it('mixed-names has IP addresses, an e-mail address and a URI', () => {
    const { subjectAltName } = new X509Certificate(issuer.issue('mixed-names').certificate.submittedDer);
    expect(subjectAltName).toMatch(/IP Address:192\.0\.2\.\d+, IP Address:2001:DB8:0:0:0:0:0:[0-9A-F]+/);
    expect(subjectAltName).toMatch(/email:admin@.+, URI:https:\/\//);
  });

  it('many-names has a hundred names, wildcard a wildcard', () => {
    expect(issuer.issue('many-names').certificate.domains).toHaveLength(100);
    expect(issuer.issue('wildcard').certificate.domains[0]).toMatch(/^\*\./);
  });

  it('precert-signing-certificate puts a signing certificate between precertificate and issuer', () => {
    const { precertificate, certificate } = issuer.issue('precert-signing-certificate');
    expect(precertificate.chain[0]?.includes(PRECERT_SIGNING_EKU)).toBe(true);
    expect(precertificate.chain.slice(1)).toEqual(certificate.chain);
    const tbsIssuer = new X509Certificate(certificate.submittedDer).issuer;
    expect(new X509Certificate(precertificate.submittedDer).issuer).not.toBe(tbsIssuer);
  });
});

describe('CertificateIssuer', () => {
  it('uses the same names and serial numbers for the same seed, and others for another seed', async () => {
    const serials = async (seed: number): Promise<string[]> => {
      const other = await CertificateIssuer.create({ seed });
      return Array.from({ length: 5 }, () => {
        const { serialNumber, domains } = other.issue().certificate;
        return `${serialNumber?.toString('hex')} ${domains.join()}`;
      });
    };
    expect(await serials(3)).toEqual(await serials(3));
    expect(await serials(3)).not.toEqual(await serials(4));
  });
});

describe('CertificatePool', () => {
  it('repeats its submissions when it is full', () => {
    const pool = new CertificatePool(issuer, 5);
    const first = Array.from({ length: 5 }, () => pool.next());
    expect(new Set(first).size).toBe(5);
    expect(Array.from({ length: 5 }, () => pool.next())).toEqual(first);
  });

  it('of infinite size never repeats a submission', () => {
    const pool = new CertificatePool(issuer, Infinity);
    const submissions = Array.from({ length: 40 }, () => pool.next());
    expect(new Set(submissions).size).toBe(40);
    const types = new Set(submissions.map(({ type }) => type));
    expect(types).toEqual(new Set(['x509_entry', 'precert_entry']));
  });
});

/** Returns the contents of the element at `offset`, whose length takes one to four bytes. */
function element(der: Buffer, offset: number): { start: number; end: number } {
  const first = der[offset + 1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : der.readUIntBE(offset + 2, lengthBytes);
  const start = offset + 2 + lengthBytes;
  return { start, end: start + length };
}

function tbsOf(certificate: Buffer): Buffer {
  const { start } = element(certificate, 0);
  return certificate.subarray(start, element(certificate, start).end);
}

/** Returns the TBSCertificate without its last extension, which has the encoded OID `oid`. */
function withoutExtension(tbs: Buffer, oid: Buffer): Buffer {
  const outer = element(tbs, 0);
  let offset = outer.start;
  let explicit = offset;
  while (offset < outer.end) {
    explicit = offset;
    offset = element(tbs, offset).end;
  }
  const list = element(tbs, explicit).start;
  const kept: Buffer[] = [];
  const items = element(tbs, list);
  for (let at = items.start; at < items.end; at = element(tbs, at).end) {
    const item = tbs.subarray(at, element(tbs, at).end);
    if (!item.subarray(0, 24).includes(oid)) kept.push(item);
  }
  const extensions = wrap(0xa3, wrap(0x30, Buffer.concat(kept)));
  return wrap(0x30, Buffer.concat([tbs.subarray(outer.start, explicit), extensions]));
}

function wrap(tag: number, contents: Buffer): Buffer {
  const { length } = contents;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), contents]);
  const header = length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), contents]);
}

function embeddedScts(certificate: Buffer): Buffer[] {
  const octets = certificate.indexOf(SCT_LIST_OID) + SCT_LIST_OID.length;
  const inner = element(certificate, element(certificate, octets).start);
  const scts: Buffer[] = [];
  for (let at = inner.start + 2; at < inner.end; at += 2 + certificate.readUInt16BE(at)) {
    scts.push(certificate.subarray(at + 2, at + 2 + certificate.readUInt16BE(at)));
  }
  return scts;
}
