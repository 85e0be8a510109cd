import { describe, expect, it } from 'vitest';
import type { EntryBatch } from '../certificate/entry-batch.js';
import { EntryColumn, EntryProblem } from '../certificate/entry-batch.js';
import {
  delegatedEntry,
  pageBatch,
  tileBatch,
} from '../certificate/precertificate/testing/precertificate-samples.js';
import {
  certificate,
  extension,
  hex,
  integer,
  name,
  type Parts,
  subjectAltName,
  tbsCertificate,
} from '../certificate/testing/der-builder.js';
import { mutateBytes, mutateElements } from '../certificate/testing/der-mutator.js';
import { batchOf, type TestEntry } from '../certificate/testing/log-entries.js';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { CertificateIssuer, type IssuedPair } from '../simulator/pki/certificate-issuer.js';
import type { CertificateProfile } from '../simulator/pki/certificate-profiles.js';
import { batchOf as batchOfSubmissions } from '../testing/submissions.js';
import { CertificateIdentity } from './certificate-identity.js';

const KEY = Buffer.alloc(16, 7);
const identity = new CertificateIdentity(KEY);
const NAMES = subjectAltName([0x82, 'a.example'], [0x82, 'b.example']);
const CA = extension('2.5.29.19', hex('30030101ff'));
const SCT_LIST = extension('1.3.6.1.4.1.11129.2.4.2', hex('040400020000'));

/** Returns the identity of entry `i`, or undefined. */
function identityOf(entries: EntryBatch, i = 0, by = identity): string | undefined {
  return by.read(entries, i) ? `${by.low} ${by.high}` : undefined;
}

function entry(submitted: Buffer, parts: Partial<TestEntry> = {}): TestEntry {
  return { timestamp: 0, submitted, chain: Buffer.alloc(0), ...parts };
}

function ofCertificate(parts: Parts = {}): string | undefined {
  return identityOf(batchOf([entry(certificate({ extensions: [NAMES], ...parts }))]));
}

describe(CertificateIdentity.name, () => {
  it.each<CertificateProfile>([
    'dv',
    'wildcard',
    'empty-subject',
    'many-names',
    'ov',
    'mixed-names',
    'precert-signing-certificate',
  ])('is the same for precertificate and certificate in all logs: %s', async (profile) => {
    const issuer = await CertificateIssuer.create({ seed: 3 });
    const pairs = Array.from({ length: 20 }, (): IssuedPair => issuer.issue(profile));
    const found = pairs.map(({ precertificate, certificate: final }) => {
      const batch = batchOfSubmissions([precertificate, final, precertificate]);
      return [0, 1, 2].map((i) => identityOf(batch.entries, i));
    });
    expect(found.flat()).not.toContain(undefined);
    expect(found.map((identities) => new Set(identities).size)).toEqual(pairs.map(() => 1));
    expect(new Set(found.flat()).size).toBe(pairs.length);
  });

  it('comes from the TBSCertificate of the leaf, which names the issuer of the final certificate', () => {
    const { certificate: tbs } = delegatedEntry();
    const batches = [pageBatch([delegatedEntry()]), tileBatch([delegatedEntry()])];
    const inTbs = identityOf(batchOf([entry(Buffer.alloc(0), { tbs })]));
    expect(inTbs).toBeDefined();
    expect(batches.map((batch) => identityOf(batch))).toEqual([inTbs, inTbs]);
  });

  it('ignores what differs between precertificate and certificate', () => {
    expect(ofCertificate({ extensions: [NAMES, SCT_LIST] })).toBe(ofCertificate());
    const tbs = tbsCertificate({ extensions: [NAMES] });
    expect(identityOf(batchOf([entry(Buffer.alloc(0), { tbs })]))).toBe(ofCertificate());
  });

  it.each<[string, Parts]>([
    ['the serial number', { serial: integer('0abd') }],
    ['the length of the serial number', { serial: integer('000abc') }],
    ['the issuer', { issuer: name(['C', 'US'], ['O', 'Test CA'], ['CN', 'Issuing CB']) }],
    ['the subject', { subject: name(['CN', 'example.org']) }],
    ['a name', { extensions: [subjectAltName([0x82, 'a.example'], [0x82, 'c.example'])] }],
    ['the names', { extensions: [] }],
    ['the division of the names into extensions', { extensions: [NAMES, NAMES] }],
    ['the key', { publicKey: hex('3003300106') }],
    ['cA', { extensions: [NAMES, CA] }],
  ])('depends on %s', (_what, parts) => {
    expect(ofCertificate(parts)).toBeDefined();
    expect(ofCertificate(parts)).not.toBe(ofCertificate());
  });

  it('depends on the key of the hash, which is random', () => {
    const entries = batchOf([entry(certificate())]);
    const keys = [undefined, undefined, KEY, KEY];
    const found = keys.map((key) => identityOf(entries, 0, new CertificateIdentity(key)));
    expect(new Set(found).size).toBe(3);
    expect(found[2]).toBe(found[3]);
  });

  it.each([
    ['a malformed certificate', certificate().subarray(0, -40)],
    ['a malformed issuer', certificate({ issuer: hex('3003310130') })],
    ['no serial number', certificate({ serial: hex('0200') })],
    ['no octets', Buffer.alloc(0)],
    [
      'too many names',
      certificate({
        extensions: [
          subjectAltName(...Array.from({ length: 7000 }, (_, i): [number, string] => [0x82, `${i}.example`])),
        ],
      }),
    ],
  ])('is absent for %s', (_what, der) => {
    expect(identityOf(batchOf([entry(der)]))).toBeUndefined();
  });

  it('is absent for an entry that could not be located entirely', () => {
    const batch = batchOf([entry(certificate())]);
    batch.table[EntryColumn.Problem] = EntryProblem.MismatchedExtraData;
    expect(identityOf(batch)).toBeUndefined();
  });

  it('is absent for a precert_entry of which only the submitted precertificate can be read', () => {
    const der = certificate();
    expect(identityOf(batchOf([entry(der, { tbs: tbsCertificate().subarray(0, 30) })]))).toBeUndefined();
  });

  it('reads damaged certificates without an error', () => {
    const random = new SeededNumbers(5);
    const sample = certificate({ extensions: [NAMES, CA, SCT_LIST] });
    let present = 0;
    for (let i = 0; i < 3000; i++) {
      const mutate =
        random.below(2) === 0 ? mutateBytes : (der: Buffer) => mutateElements(der, sample, random);
      const entries = batchOf([
        entry(mutate(sample, random)),
        entry(sample, { tbs: mutate(sample, random) }),
      ]);
      for (const at of [0, 1]) if (identityOf(entries, at) !== undefined) present++;
    }
    expect(present).toBeGreaterThan(100);
  });

  it('hashes texts', () => {
    const hashes = ['', 'a', 'b', 'ab'].map((text) => {
      identity.readText(text);
      return `${identity.low} ${identity.high}`;
    });
    expect(new Set(hashes).size).toBe(4);
  });
});
