import { describe, expect, it } from 'vitest';
import { type EntryParts, sha256 } from '../../../test/support/ct-log-bytes.js';
import { EntryColumn, EntryProblem } from '../entry-batch.js';
import {
  certificate,
  extension,
  hex,
  name,
  sequence,
  subjectAltName,
  tbsCertificate,
  tlv,
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

/** What is found in both forms of an entry. */
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
  it('is of its leaf, wherever the poison is', () => {
    const list = [keyId('01'), NAMES];
    for (let at = 0; at <= list.length; at++)
      expect(findings(withExtensions(list.toSpliced(at, 0, POISON), list))).toEqual([]);
  });

  it('is of its leaf, also where lengths around the poison have another size without it', () => {
    for (let size = 1; size < 300; size++) {
      const list = [subjectAltName([0x82, 'a'.repeat(size)])];
      expect(findings(withExtensions([POISON, ...list], list)), `name of ${size}`).toEqual([]);
    }
  });

  it('is of its leaf, when the poison was the only extension', () => {
    const precertificate = certificate({ ...ISSUED, extensions: [POISON] });
    for (const extensions of [undefined, []])
      expect(
        findings(precertEntry({ precertificate, certificate: tbsCertificate({ ...ISSUED, extensions }) })),
      ).toEqual([]);
  });

  it('is not, with any bit of its TBSCertificate changed', () => {
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
    ['an extension more', [keyId('01'), NAMES, extension('2.5.29.15', hex('03020780')), POISON]],
    ['an extension less', [NAMES, POISON]],
    ['another order', [NAMES, keyId('01'), POISON]],
    ['a list that breaks off', [keyId('01'), hex('30ff'), POISON]],
  ])('is not, with %s', (_, extensions) => {
    expect(findings(withExtensions(extensions, [keyId('01'), NAMES]))).toEqual(PRECERTIFICATE);
  });

  it('is not, when it is cut, has something behind it, or is something else', () => {
    const { precertificate: right } = precertEntry();
    for (const wrong of [
      right!.subarray(0, -1),
      Buffer.concat([right!, Buffer.alloc(1)]),
      tbsOf(right!),
      hex('3000'),
    ])
      expect(findings(precertEntry({ precertificate: wrong }))).toEqual(PRECERTIFICATE);
  });

  it('is not, with its poison behind more extensions than a certificate has', () => {
    const many = (count: number) => Array.from({ length: count }, () => extension('1.2.3', Buffer.alloc(0)));
    expect(findings(withExtensions([...many(999), POISON], many(999)))).toEqual([]);
    expect(findings(withExtensions([...many(1000), POISON], many(1000)))).toEqual(PRECERTIFICATE);
  });

  it('is not looked at when the leaf has no TBSCertificate', () => {
    expect(findings(precertEntry({ certificate: hex('3003020101') }))).toEqual([]);
    const behind = Buffer.concat([tbsCertificate(ISSUED), hex('00')]);
    expect(findings(precertEntry({ certificate: behind }))).toEqual([]);
  });
});

describe('the issuer (RFC 6962, 3.2)', () => {
  it('has the key of issuer_key_hash', () => {
    expect(findings(precertEntry())).toEqual([]);
    const other = certificate({ subject: name(['CN', 'CA']), publicKey: publicKey('04ab') });
    expect(findings(precertEntry({ chain: [other, CA] }))).toEqual(ISSUER);
    expect(findings(precertEntry({ issuerKeyHash: sha256(Buffer.from('another')) }))).toEqual(ISSUER);
  });

  it('is wrong when it is no certificate', () => {
    for (const garbage of [hex('00'), hex('3003020101'), CA.subarray(0, 40)])
      expect(findings(precertEntry({ chain: [garbage] }))).toEqual(ISSUER);
  });

  it('is not asked for where there is none, and the precertificate is checked all the same', () => {
    expect(findings(precertEntry({ chain: [] }))).toEqual([]);
    const missing = () => false;
    expect(check.run(tileBatch([precertEntry()], missing))).toEqual([]);
    const precertificate = certificate({ ...ISSUED, extensions: [keyId('01'), POISON] });
    expect(findings(precertEntry({ chain: [], precertificate }))).toEqual(PRECERTIFICATE);
    // It may have been a Precertificate Signing Certificate.
    const unknown = certificate({ issuer: name(['CN', 'X']), extensions: [keyId('0a0b'), NAMES, POISON] });
    expect(findings(precertEntry({ chain: [], precertificate: unknown }))).toEqual([]);
    expect(findings(precertEntry({ precertificate: unknown }))).toEqual(PRECERTIFICATE);
  });
});

describe('a Precertificate Signing Certificate (RFC 6962, 3.1 and 3.2)', () => {
  const signed = delegatedEntry();

  it('has its issuer and key identifier in the leaf, and the key of its issuer', () => {
    expect(findings(signed)).toEqual([]);
  });

  it('is not taken for one without the extended key usage', () => {
    const both = [{ position: 0, precertificate: true, issuer: true }];
    expect(findings(delegatedEntry([keyId('01')]))).toEqual(both);
    const otherUsage = extension('2.5.29.37', sequence(hex('06082b06010505070301')));
    expect(findings(delegatedEntry([otherUsage, keyId('01')]))).toEqual(both);
  });

  it('is checked by the key of the CA behind it, if that is there', () => {
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
      'an extension more',
      { ...ISSUED, extensions: [keyId('01'), NAMES, extension('2.5.29.15', hex('03020780'))] },
    ],
  ])('does not fit a leaf with %s', (_, parts) => {
    expect(findings({ ...signed, certificate: tbsCertificate(parts) })).toEqual(PRECERTIFICATE);
  });

  it('fits both readings where only one of the two has a key identifier', () => {
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
    '%s is right',
    async (profile) => {
      const { precertificate } = (await CertificateIssuer.create()).issue(profile);
      const { chain } = precertificate;
      const findingsWith = (issuers: readonly Buffer[]) => {
        const content = new SubmissionContent({ ...precertificate, chain: issuers }, false);
        const entry = jsonEntry(content.leafInput(0, 1), content.extraData).toString();
        return check.run(batchOfPage(`{"entries":[${entry}]}`));
      };
      expect(findingsWith(chain)).toEqual([]);
      // Behind a Precertificate Signing Certificate is the CA that has the right key, and another name.
      const isDelegated = profile === 'precert-signing-certificate';
      expect(findingsWith(chain.slice(1))).toEqual(isDelegated ? PRECERTIFICATE : ISSUER);
    },
  );
});

describe('a batch', () => {
  it('tells which entries are wrong, and nothing of x509 entries', () => {
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

  it('looks only at what is there of extra data that cannot be read, and not at leaves that cannot', () => {
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
  it('reads each certificate once, and forgets the oldest of too many', () => {
    const certificates = new ChainCertificates();
    const first = certificates.of(CA);
    expect(certificates.of(Buffer.from(CA))).toBe(first);
    expect(certificates.get(sha256(CA).toString('latin1'))).toBe(first);
    for (let i = 0; i < 1024; i++) certificates.of(tlv(0x04, Buffer.from(String(i))));
    expect(certificates.get(sha256(CA).toString('latin1'))).toBeUndefined();
  });

  it('does not keep the names of a signing certificate that are as large as a log likes', () => {
    const certificates = new ChainCertificates();
    const issuer = name(['CN', 'a'.repeat(5000)]);
    const der = certificate({ issuer, extensions: [PRECERTIFICATE_SIGNING] });
    expect(certificates.of(der).signer?.issuer).toEqual(issuer);
    expect(certificates.get(sha256(der).toString('latin1'))).toBeUndefined();
  });
});
