import { describe, expect, it } from 'vitest';
import { extraData, leafInput, pageJson } from '../../../test/support/ct-log-bytes.js';
import { decodeGetEntriesPage } from './get-entries-page.js';

const entries = [
  { certificate: Buffer.from('first') },
  { certificate: Buffer.from('tbs'), precertificate: Buffer.from('precert'), chain: [Buffer.from('issuer')] },
  { certificate: Buffer.from([0xfb, 0xff, 0xfe]), chain: [Buffer.alloc(1000, 0xff)] },
];

function parts(body: string | Buffer): Buffer[] {
  const { bytes, bounds, count } = decodeGetEntriesPage(Buffer.from(body));
  expect(bounds).toHaveLength(2 * count + 1);
  return Array.from({ length: 2 * count }, (_, i) => bytes.subarray(bounds[i], bounds[i + 1]));
}

const expected = entries.flatMap((entry) => [leafInput(entry), extraData(entry)]);
const compact = pageJson(entries);

describe('decodeGetEntriesPage', () => {
  it('decodes the layout that logs write', () => {
    expect(parts(compact)).toEqual(expected);
  });

  it.each([
    ['a newline at the end', `${compact}\n`],
    ['indentation', JSON.stringify(JSON.parse(compact), undefined, 2)],
    ['space between entries', compact.replaceAll('},{', '} ,\n {')],
    ['unknown keys', compact.replaceAll('{"leaf_input"', '{"x":[1,{"y":"\\""}],"leaf_input"')],
    ['an unknown key at the top', compact.replace(/^\{/, '{"note":"n",')],
    ['escaped slashes', compact.replaceAll('/', String.raw`\/`)],
    [
      'extra_data before leaf_input',
      compact.replaceAll(/("leaf_input":"[^"]*"),("extra_data":"[^"]*")/g, '$2,$1'),
    ],
  ])('tolerates %s', (_what, body) => {
    expect(body).not.toBe(compact);
    expect(parts(body)).toEqual(expected);
  });

  it('decodes a page without entries and entries without extra_data', () => {
    expect(parts('{"entries":[]}')).toEqual([]);
    expect(parts('{"entries":[{"leaf_input":"AAA=","extra_data":""}]}')).toEqual([
      Buffer.alloc(2),
      Buffer.alloc(0),
    ]);
  });

  it('refuses every truncation', () => {
    const short = pageJson([{ certificate: Buffer.from('c') }]);
    for (let length = 0; length < short.length; length++) {
      expect(() => decodeGetEntriesPage(Buffer.from(short.slice(0, length)))).toThrow(
        expect.objectContaining({ code: 'CT_MALFORMED_PAGE' }),
      );
    }
  });

  it.each([
    ['HTML', '<!DOCTYPE html><html><body>Just a moment...</body></html>'],
    ['nothing', ''],
    ['another document', '{"error_message":"backend down"}'],
    ['entries that are no list', '{"entries":{"leaf_input":"AAAA","extra_data":""}}'],
    ['an entry that is no object', '{"entries":[null]}'],
    ['a missing extra_data', '{"entries":[{"leaf_input":"AAAA"}]}'],
    ['a number for a string', '{"entries":[{"leaf_input":7,"extra_data":""}]}'],
    ['text after the end', `${compact}x`],
    ['a character outside base64', compact.replace('"leaf_input":"A', '"leaf_input":"*')],
    ['padding in the middle', '{"entries":[{"leaf_input":"AA==AAAA","extra_data":""}]}'],
    ['missing padding', '{"entries":[{"leaf_input":"AAA","extra_data":""}]}'],
    ['padding only', '{"entries":[{"leaf_input":"A===","extra_data":""}]}'],
  ])('refuses %s', (_what, body) => {
    expect(() => decodeGetEntriesPage(Buffer.from(body))).toThrow(
      expect.objectContaining({ code: 'CT_MALFORMED_PAGE' }),
    );
  });
});
