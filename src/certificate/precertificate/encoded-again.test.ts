import { describe, expect, it } from 'vitest';
import type { EntryParts } from '../../../test/support/ct-log-bytes.js';
import {
  certificate,
  extension,
  generalizedTime,
  hex,
  name,
  octets,
  oid,
  type Parts,
  sequence,
  tbsCertificate,
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
const USAGE = '2.5.29.15';
const VALUE = hex('03020780');
const NOT_CRITICAL = extension(USAGE, VALUE);
/** The same extension as parsers accept it, with its default value. */
const WRITTEN_FALSE = withFlag('010100');

function withFlag(flag: string): Buffer {
  return sequence(oid(USAGE), hex(flag), octets(VALUE));
}

function isMatch(parts: EntryParts): boolean {
  return check.run(pageBatch([parts])).length === 0;
}

/** Returns an entry whose precertificate and leaf have different parts. */
function pair(submitted: Parts, leaf: Parts): EntryParts {
  const { extensions = [NAMES] } = submitted;
  return precertEntry({
    precertificate: certificate({ ...ISSUED, ...submitted, extensions: [...extensions, POISON] }),
    certificate: tbsCertificate({ ...ISSUED, extensions: [NAMES], ...leaf }),
  });
}

const dates = (notBefore: Buffer, notAfter = utcTime('301231235959Z')): Parts => ({
  validity: sequence(notBefore, notAfter),
});

describe('a precertificate that the log has parsed and encoded again (RFC 6962, 3.2)', () => {
  it.each([
    ['a written critical FALSE', { extensions: [WRITTEN_FALSE] }, { extensions: [NOT_CRITICAL] }],
    ['a leaf with a written critical FALSE', { extensions: [NOT_CRITICAL] }, { extensions: [WRITTEN_FALSE] }],
    [
      'a written critical FALSE between other extensions',
      { extensions: [keyId('01'), WRITTEN_FALSE, NAMES] },
      { extensions: [keyId('01'), NOT_CRITICAL, NAMES] },
    ],
    [
      'GeneralizedTime before 2050',
      dates(generalizedTime('20260102030405Z')),
      dates(utcTime('260102030405Z')),
    ],
    ['UTCTime without seconds', dates(utcTime('2601020304Z')), dates(utcTime('260102030400Z'))],
    ['a time with an offset', dates(utcTime('260102040405+0100')), dates(utcTime('260102030405Z'))],
    [
      'another form of the end',
      dates(utcTime('260102030405Z'), generalizedTime('20301231235959Z')),
      dates(utcTime('260102030405Z')),
    ],
    [
      'another form of times and extensions',
      { ...dates(utcTime('2601020304Z')), extensions: [WRITTEN_FALSE] },
      { ...dates(utcTime('260102030400Z')), extensions: [NOT_CRITICAL] },
    ],
  ])('matches its leaf with %s', (_, submitted: Parts, leaf: Parts) => {
    expect(isMatch(pair(submitted, leaf))).toBe(true);
  });

  it.each([
    ['another critical flag', { extensions: [withFlag('0101ff')] }, { extensions: [NOT_CRITICAL] }],
    [
      'a critical flag that is neither TRUE nor FALSE',
      { extensions: [withFlag('010101')] },
      { extensions: [NOT_CRITICAL] },
    ],
    ['a critical flag of two octets', { extensions: [withFlag('01020000')] }, { extensions: [NOT_CRITICAL] }],
    ['another value', { extensions: [WRITTEN_FALSE] }, { extensions: [extension(USAGE, hex('03020640'))] }],
    ['another type', { extensions: [WRITTEN_FALSE] }, { extensions: [extension('2.5.29.16', VALUE)] }],
    ['another order', { extensions: [WRITTEN_FALSE, NAMES] }, { extensions: [NAMES, NOT_CRITICAL] }],
    ['an additional extension', { extensions: [WRITTEN_FALSE, NAMES] }, { extensions: [NOT_CRITICAL] }],
    ['another second', dates(generalizedTime('20260102030406Z')), dates(utcTime('260102030405Z'))],
    ['another century', dates(generalizedTime('19260102030405Z')), dates(utcTime('260102030405Z'))],
    ['times that do not exist', dates(utcTime('261302030405Z')), dates(utcTime('261402030405Z'))],
    ['a time of another type', dates(octets(hex('01'))), dates(octets(hex('02')))],
    [
      'a third time',
      { validity: sequence(utcTime('2601020304Z'), utcTime('301231235959Z'), utcTime('301231235959Z')) },
      dates(utcTime('260102030400Z')),
    ],
  ])('does not match its leaf with %s', (_, submitted: Parts, leaf: Parts) => {
    expect(isMatch(pair(submitted, leaf))).toBe(false);
  });

  it('matches its leaf if a Precertificate Signing Certificate has signed it', () => {
    const issuer = name(['CN', 'Signer']);
    const entryWith = (submitted: Parts): EntryParts => ({
      ...delegatedEntry(),
      precertificate: certificate({ issuer, ...submitted }),
      certificate: tbsCertificate({ ...ISSUED, extensions: [keyId('01'), NOT_CRITICAL, NAMES] }),
    });
    const extensions = [keyId('02'), POISON, WRITTEN_FALSE, NAMES];
    expect(isMatch(entryWith({ extensions }))).toBe(true);
    const year = sequence(generalizedTime('20250101000000Z'), generalizedTime('20260101000000Z'));
    expect(isMatch(entryWith({ extensions, validity: year }))).toBe(true);
    const wrong = sequence(generalizedTime('20250101000000Z'), generalizedTime('20260101000001Z'));
    expect(isMatch(entryWith({ extensions, validity: wrong }))).toBe(false);
  });
});
