import { describe, expect, it } from 'vitest';
import { type EntryParts, sha256 } from '../../../test/support/ct-log-bytes.js';
import { EntryColumn, EntryProblem } from '../entry-batch.js';
import {
  certificate,
  ECDSA_SHA256,
  extension,
  generalizedTime,
  hex,
  integer,
  name,
  octets,
  oid,
  type Parts,
  sequence,
  subjectAltName,
  tbsCertificate,
  tlv,
  utcTime,
} from '../testing/der-builder.js';
import { tbsOf } from '../testing/certificate-shapes.js';
import { jsonEntry, SubmissionContent } from '../../simulator/log/entry-content.js';
import { CertificateIssuer } from '../../simulator/pki/certificate-issuer.js';
import { ChainCertificates } from './chain-certificate.js';
import { ExtraDataCheck } from './extra-data-check.js';
import {
  batchOfPage,
  CA,
  delegatedEntry,
  ISSUED,
  keyId,
  NAMES,
  pageBatch,
  POISON,
  PRECERTIFICATE_SIGNING,
  precertEntry,
  publicKey,
  tileBatch,
} from './testing/precertificate-samples.js';

const check = new ExtraDataCheck();
const PRECERTIFICATE = [{ position: 0, precertificate: true, issuer: false }];
const ISSUER = [{ position: 0, precertificate: false, issuer: true }];

/** Returns the mismatches of an entry, which must be equal in a page and in a tile. */
function findings(parts: EntryParts) {
  const found = check.run(pageBatch([parts]));
  expect(check.run(tileBatch([parts]))).toEqual(found);
  return found;
}

function withExtensions(submitted: Buffer[], leaf: Buffer[]): EntryParts {
  const precertificate = certificate({ ...ISSUED, extensions: submitted });
  return precertEntry({ precertificate, certificate: tbsCertificate({ ...ISSUED, extensions: leaf }) });
}

describe('a precertificate (RFC 6962, 3.2)', () => {
  it('matches its leaf, with the poison at any place', () => {
    const list = [keyId('01'), NAMES];
    for (let at = 0; at <= list.length; at++)
      expect(findings(withExtensions(list.toSpliced(at, 0, POISON), list))).toEqual([]);
  });

  it('matches its leaf if the poison changes the size of lengths around it', () => {
    for (let size = 1; size < 300; size++) {
      const list = [subjectAltName([0x82, 'a'.repeat(size)])];
      expect(findings(withExtensions([POISON, ...list], list)), `name of ${size}`).toEqual([]);
    }
  });

  it('matches its leaf if the poison is the only extension', () => {
    const precertificate = certificate({ ...ISSUED, extensions: [POISON] });
    for (const extensions of [undefined, []])
      expect(
        findings(precertEntry({ precertificate, certificate: tbsCertificate({ ...ISSUED, extensions }) })),
      ).toEqual([]);
  });

  it('does not match with any changed bit of its TBSCertificate', () => {
    const { precertificate: right } = precertEntry();
    const end = right!.indexOf(tbsOf(right!)) + tbsOf(right!).length;
    const entries = Array.from({ length: end * 8 }, (_, bit) => {
      const precertificate = Buffer.from(right!);
      precertificate[bit >> 3] ^= 1 << (bit & 7);
      return precertEntry({ precertificate });
    });
    const found = check.run(pageBatch(entries)).map(({ position }) => position);
    expect(found).toEqual(entries.map((_, bit) => bit));
  });

  it.each([
    ['no poison', [keyId('01'), NAMES]],
    ['two poisons', [keyId('01'), POISON, NAMES, POISON]],
    [
      'a poison that is not critical',
      [keyId('01'), NAMES, extension('1.3.6.1.4.1.11129.2.4.3', hex('0500'))],
    ],
    ['an additional extension', [keyId('01'), NAMES, extension('2.5.29.15', hex('03020780')), POISON]],
    ['a missing extension', [NAMES, POISON]],
    ['another order', [NAMES, keyId('01'), POISON]],
    ['a truncated list', [keyId('01'), hex('30ff'), POISON]],
  ])('does not match with %s', (_, extensions) => {
    expect(findings(withExtensions(extensions, [keyId('01'), NAMES]))).toEqual(PRECERTIFICATE);
  });

  it('does not match if it is truncated, followed by other bytes, or not a certificate', () => {
    const { precertificate: right } = precertEntry();
    for (const wrong of [
      right!.subarray(0, -1),
      Buffer.concat([right!, Buffer.alloc(1)]),
      tbsOf(right!),
      hex('3000'),
    ])
      expect(findings(precertEntry({ precertificate: wrong }))).toEqual(PRECERTIFICATE);
  });

  it('does not match if its poison follows more extensions than a certificate may have', () => {
    const many = (count: number) => Array.from({ length: count }, () => extension('1.2.3', Buffer.alloc(0)));
    expect(findings(withExtensions([...many(999), POISON], many(999)))).toEqual([]);
    expect(findings(withExtensions([...many(1000), POISON], many(1000)))).toEqual(PRECERTIFICATE);
  });

  it('is not checked if the leaf has no TBSCertificate', () => {
    expect(findings(precertEntry({ certificate: hex('3003020101') }))).toEqual([]);
    const behind = Buffer.concat([tbsCertificate(ISSUED), hex('00')]);
    expect(findings(precertEntry({ certificate: behind }))).toEqual([]);
  });
});

describe('a TBSCertificate that the log has encoded again', () => {
  const USAGE = oid('2.5.29.15');
  const BITS = octets(hex('03020780'));
  const usage = (...critical: Buffer[]) => sequence(USAGE, ...critical, BITS);
  const validity = (from: Buffer) => sequence(from, utcTime('260101000000Z'));
  const both = (submitted: Partial<Parts>, leaf: Partial<Parts>) => {
    const { extensions = [] } = { ...ISSUED, ...submitted };
    return {
      direct: precertEntry({
        precertificate: certificate({ ...ISSUED, ...submitted, extensions: [...extensions, POISON] }),
        certificate: tbsCertificate({ ...ISSUED, ...leaf }),
      }),
      delegated: {
        ...delegatedEntry(),
        precertificate: certificate({
          ...submitted,
          issuer: name(['CN', 'Signer']),
          extensions: [keyId('02'), ...extensions.slice(1), POISON],
        }),
        certificate: tbsCertificate({ ...ISSUED, ...leaf }),
      },
    };
  };

  it.each<[string, Partial<Parts>, Partial<Parts>]>([
    [
      'critical FALSE, which is the default',
      { extensions: [keyId('01'), usage(hex('010100')), NAMES] },
      { extensions: [keyId('01'), usage(), NAMES] },
    ],
    ['a GeneralizedTime before 2050', { validity: validity(generalizedTime('20250101000000Z')) }, {}],
    ['a fraction of a second', { validity: validity(generalizedTime('20250101000000.5Z')) }, {}],
    ['a UTCTime without seconds', { validity: validity(utcTime('2501010000Z')) }, {}],
    ['a UTCTime with an offset', { validity: validity(utcTime('250101013000+0130')) }, {}],
    ['needless octets of the serial number', { serial: integer('00000abc') }, {}],
    ['needless octets of a negative one', { serial: integer('ffff8001') }, { serial: integer('8001') }],
    ['the default version', { version: tlv(0xa0, integer('00')) }, { version: Buffer.alloc(0) }],
  ])('matches in spite of %s', (_what, submitted, leaf) => {
    const { direct, delegated } = both(submitted, leaf);
    expect(findings(direct)).toEqual([]);
    expect(findings(delegated)).toEqual([]);
  });

  it('matches without the elements after the extensions', () => {
    const extra = tlv(0xa4, hex('0500'));
    const tbs = tbsCertificate({ ...ISSUED, extensions: [keyId('01'), NAMES, POISON] });
    const longer = sequence(tbs.subarray(tbs[1] === 0x81 ? 3 : 4), extra);
    const precertificate = sequence(longer, ECDSA_SHA256, tlv(0x03, hex('00 30 00')));
    expect(findings(precertEntry({ precertificate }))).toEqual([]);
  });

  it.each<[string, Partial<Parts>, Partial<Parts>]>([
    [
      'critical FALSE instead of TRUE',
      { extensions: [keyId('01'), usage(hex('010100')), NAMES] },
      { extensions: [keyId('01'), usage(hex('0101ff')), NAMES] },
    ],
    [
      'a critical that is not a BOOLEAN of DER',
      { extensions: [keyId('01'), usage(hex('010101')), NAMES] },
      { extensions: [keyId('01'), usage(hex('0101ff')), NAMES] },
    ],
    ['another second', { validity: validity(generalizedTime('20250101000001Z')) }, {}],
    ['a time that cannot be read', { validity: validity(utcTime('251301000000Z')) }, {}],
    [
      'a third time',
      { validity: sequence(validity(utcTime('2501010000Z')).subarray(2), utcTime('2501010000Z')) },
      {},
    ],
    ['another serial number', { serial: integer('010abc') }, {}],
    ['another version', { version: tlv(0xa0, integer('01')) }, {}],
    ['the default version instead of v3', { version: tlv(0xa0, integer('00')) }, {}],
  ])('does not match with %s', (_what, submitted, leaf) => {
    const { direct, delegated } = both(submitted, leaf);
    expect(findings(direct)).toEqual(PRECERTIFICATE);
    expect(findings(delegated)).toEqual(PRECERTIFICATE);
  });
});

describe('the issuer (RFC 6962, 3.2)', () => {
  it('must have the key of issuer_key_hash', () => {
    expect(findings(precertEntry())).toEqual([]);
    const other = certificate({ subject: name(['CN', 'CA']), publicKey: publicKey('04ab') });
    expect(findings(precertEntry({ chain: [other, CA] }))).toEqual(ISSUER);
    expect(findings(precertEntry({ issuerKeyHash: sha256(Buffer.from('another')) }))).toEqual(ISSUER);
  });

  it('does not match if it is not a certificate', () => {
    for (const garbage of [hex('00'), hex('3003020101'), CA.subarray(0, 40)])
      expect(findings(precertEntry({ chain: [garbage] }))).toEqual(ISSUER);
  });

  it('is not checked if there is none; the precertificate is still checked', () => {
    expect(findings(precertEntry({ chain: [] }))).toEqual([]);
    const missing = () => false;
    expect(check.run(tileBatch([precertEntry()], missing))).toEqual([]);
    const precertificate = certificate({ ...ISSUED, extensions: [keyId('01'), POISON] });
    expect(findings(precertEntry({ chain: [], precertificate }))).toEqual(PRECERTIFICATE);
    // The unknown issuer may be a Precertificate Signing Certificate.
    const unknown = certificate({ issuer: name(['CN', 'X']), extensions: [keyId('0a0b'), NAMES, POISON] });
    expect(findings(precertEntry({ chain: [], precertificate: unknown }))).toEqual([]);
    expect(findings(precertEntry({ precertificate: unknown }))).toEqual(PRECERTIFICATE);
  });
});

describe('a Precertificate Signing Certificate (RFC 6962, 3.1 and 3.2)', () => {
  const signed = delegatedEntry();

  it('has its issuer and key identifier in the leaf, and the key hash of its issuer', () => {
    expect(findings(signed)).toEqual([]);
  });

  it('is not recognised without the extended key usage', () => {
    const both = [{ position: 0, precertificate: true, issuer: true }];
    expect(findings(delegatedEntry([keyId('01')]))).toEqual(both);
    const otherUsage = extension('2.5.29.37', sequence(hex('06082b06010505070301')));
    expect(findings(delegatedEntry([otherUsage, keyId('01')]))).toEqual(both);
  });

  it('is checked with the key of the CA after it, if there is one', () => {
    const [signer] = signed.chain!;
    const other = certificate({ publicKey: publicKey('04ab') });
    expect(findings({ ...signed, chain: [signer] })).toEqual([]);
    expect(findings({ ...signed, chain: [signer, other] })).toEqual(ISSUER);
  });

  it.each([
    ['another issuer', { ...ISSUED, issuer: name(['CN', 'CB']) }],
    ['the key identifier of the precertificate', { ...ISSUED, extensions: [keyId('02'), NAMES] }],
    ['no key identifier', { ...ISSUED, extensions: [NAMES] }],
    ['another order', { ...ISSUED, extensions: [NAMES, keyId('01')] }],
    ['another subject', { ...ISSUED, subject: name(['CN', 'example.org']) }],
    [
      'an additional extension',
      { ...ISSUED, extensions: [keyId('01'), NAMES, extension('2.5.29.15', hex('03020780'))] },
    ],
  ])('does not match a leaf with %s', (_, parts) => {
    expect(findings({ ...signed, certificate: tbsCertificate(parts) })).toEqual(PRECERTIFICATE);
  });

  it('matches a leaf with or without key identifier if only one of the two certificates has one', () => {
    const without = { ...delegatedEntry([PRECERTIFICATE_SIGNING]) };
    const leaf = (extensions: Buffer[]) => tbsCertificate({ ...ISSUED, extensions });
    expect(findings({ ...without, certificate: leaf([NAMES]) })).toEqual([]);
    const plain = certificate({ issuer: name(['CN', 'Signer']), extensions: [NAMES, POISON] });
    expect(findings({ ...signed, precertificate: plain, certificate: leaf([NAMES]) })).toEqual([]);
    expect(findings({ ...signed, precertificate: plain, certificate: leaf([NAMES, keyId('01')]) })).toEqual(
      [],
    );
    expect(findings({ ...signed, precertificate: plain, certificate: leaf([NAMES, keyId('03')]) })).toEqual(
      PRECERTIFICATE,
    );
  });
});

describe('entries of the simulator', () => {
  it.each(['dv', 'ov', 'many-names', 'precert-signing-certificate'] as const)(
    '%s matches its leaf',
    async (profile) => {
      const { precertificate } = (await CertificateIssuer.create()).issue(profile);
      const { chain } = precertificate;
      const findingsWith = (issuers: readonly Buffer[]) => {
        const content = new SubmissionContent({ ...precertificate, chain: issuers }, false);
        const entry = jsonEntry(content.leafInput(0, 1), content.extraData).toString();
        return check.run(batchOfPage(`{"entries":[${entry}]}`));
      };
      expect(findingsWith(chain)).toEqual([]);
      // A Precertificate Signing Certificate is followed by the CA, which has the right key and another name.
      const isDelegated = profile === 'precert-signing-certificate';
      expect(findingsWith(chain.slice(1))).toEqual(isDelegated ? PRECERTIFICATE : ISSUER);
    },
  );
});

describe('a batch', () => {
  it('reports wrong precert entries, but no x509 entries', () => {
    const right = precertEntry();
    const wrong = precertEntry({ precertificate: certificate(ISSUED) });
    const other = precertEntry({ chain: [certificate()] });
    const entries = [{ certificate: CA, chain: [CA] }, right, wrong, delegatedEntry(), other, right];
    const expected = [
      { position: 2, precertificate: true, issuer: false },
      { position: 4, precertificate: false, issuer: true },
    ];
    expect(check.run(pageBatch(entries))).toEqual(expected);
    expect(check.run(tileBatch(entries))).toEqual(expected);
  });

  it('checks the present part of malformed extra data, and no malformed leaves', () => {
    const batch = pageBatch([precertEntry({ precertificate: certificate(ISSUED) })]);
    batch.table[EntryColumn.ChainStart] = batch.table[EntryColumn.ChainEnd] = 0;
    batch.table[EntryColumn.Problem] = EntryProblem.MalformedExtraData;
    expect(check.run(batch)).toEqual(PRECERTIFICATE);
    for (const problem of [EntryProblem.MalformedLeaf, EntryProblem.UnknownEntryType]) {
      batch.table[EntryColumn.Problem] = problem;
      expect(check.run(batch)).toEqual([]);
    }
    batch.table[EntryColumn.Problem] = EntryProblem.MalformedExtraData;
    batch.table[EntryColumn.SubmittedStart] = batch.table[EntryColumn.SubmittedEnd] = 0;
    expect(check.run(batch)).toEqual([]);
  });
});

describe(ChainCertificates.name, () => {
  it('parses each certificate once, and removes the oldest when there are too many', () => {
    const certificates = new ChainCertificates();
    const first = certificates.of(CA);
    expect(certificates.of(Buffer.from(CA))).toBe(first);
    expect(certificates.get(sha256(CA).toString('latin1'))).toBe(first);
    for (let i = 0; i < 1024; i++) certificates.of(tlv(0x04, Buffer.from(String(i))));
    expect(certificates.get(sha256(CA).toString('latin1'))).toBeUndefined();
  });

  it('does not keep a signing certificate with large names', () => {
    const certificates = new ChainCertificates();
    const issuer = name(['CN', 'a'.repeat(5000)]);
    const der = certificate({ issuer, extensions: [PRECERTIFICATE_SIGNING] });
    expect(certificates.of(der).signer?.issuer).toEqual(issuer);
    expect(certificates.get(sha256(der).toString('latin1'))).toBeUndefined();
  });
});
