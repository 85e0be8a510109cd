import { describe, expect, it } from 'vitest';
import type { EntryParts } from '../../../test/support/ct-log-bytes.js';
import {
  certificate,
  ECDSA_SHA256,
  generalizedTime,
  hex,
  integer,
  name,
  octets,
  oid,
  type Parts,
  sequence,
  tbsCertificate,
  tlv,
  utcTime,
} from '../testing/der-builder.js';
import { ExtraDataCheck } from './extra-data-check.js';
import {
  delegatedEntry,
  ISSUED,
  keyId,
  NAMES,
  pageBatch,
  POISON,
  precertEntry,
} from './testing/precertificate-samples.js';

const check = new ExtraDataCheck();
const PRECERTIFICATE = [{ position: 0, precertificate: true, issuer: false }];
const findings = (parts: EntryParts) => check.run(pageBatch([parts]));

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
