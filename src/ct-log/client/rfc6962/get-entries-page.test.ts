import { describe, expect, it } from 'vitest';
import { type EntryParts, extraData, leafInput, pageJson } from '../../../../test/support/ct-log-bytes.js';
import { type GetEntriesPage, PAGE_PARTS, PagePart } from './entry-texts.js';
import { decodeGetEntriesPage } from './get-entries-page.js';

const entries = [
  { certificate: Buffer.from('first') },
  { certificate: Buffer.from('tbs'), precertificate: Buffer.from('precert'), chain: [Buffer.from('issuer')] },
  { certificate: Buffer.from([0xfb, 0xff, 0xfe]), chain: [Buffer.alloc(1000, 0xff)] },
];

function parts(body: string | Buffer): Buffer[] {
  const page = decodeGetEntriesPage(Buffer.from(body));
  expect(page.parts).toHaveLength(PAGE_PARTS * page.count);
  return Array.from({ length: page.count }, (_, i) => [
    partOf(page, i, PagePart.LeafStart),
    extraOf(page, i),
  ]).flat();
}

function partOf({ bytes, parts: offsets }: GetEntriesPage, i: number, column: number): Buffer {
  return bytes.subarray(offsets[i * PAGE_PARTS + column], offsets[i * PAGE_PARTS + column + 1]);
}

function extraOf(page: GetEntriesPage, i: number): Buffer {
  return Buffer.concat([partOf(page, i, PagePart.LeafEnd), partOf(page, i, PagePart.ChainStart)]);
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

  it('decodes a page without entries', () => {
    expect(parts('{"entries":[]}')).toEqual([]);
  });

  it.each(['', ',"extra_data":null', ',"extra_data":""'])(
    'decodes an entry without extra_data: %j',
    (extra) => {
      const leaf = [Buffer.alloc(2), Buffer.alloc(0)];
      const texts = `{"leaf_input":"AAA="${extra}}`;
      expect(parts(`{"entries":[${texts}]}`)).toEqual(leaf);
      expect(parts(compact.replace(']}', `,${texts}]}`))).toEqual([...expected, ...leaf]);
    },
  );

  it.each([
    ['in the layout that logs write', compact],
    ['in another layout', compact.replace(/^\{/, '{"note":"n",')],
    ['followed by bytes that are not scanned', `${compact.slice(0, -2)},${'x'.repeat(100)}`],
  ])('rejects more entries than requested, %s', (_what, body) => {
    const decode = (asked: number) => decodeGetEntriesPage(Buffer.from(body), asked);
    expect(() => decode(2)).toThrow(expect.objectContaining({ code: 'CT_MALFORMED_PAGE' }));
    if (body.endsWith(']}')) expect(decode(3).count).toBe(3);
    else expect(() => decode(3)).toThrow(/more than the 3 requested entries/);
  });

  it('accepts some unknown keys per entry, and rejects thousands', () => {
    const withKeys = (keys: number) => {
      const more = Array.from({ length: keys }, (_, i) => `"k${i}":${i},`).join('');
      return compact.replaceAll('{"leaf_input"', `{${more}"leaf_input"`);
    };
    expect(parts(withKeys(5))).toEqual(expected);
    expect(() => decodeGetEntriesPage(Buffer.from(withKeys(1000)), 3)).toThrow(/far more values/);
  });

  it('rejects every truncation', () => {
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
    ['entries that are not a list', '{"entries":{"leaf_input":"AAAA","extra_data":""}}'],
    ['an entry that is not an object', '{"entries":[null]}'],
    ['a number as extra_data', '{"entries":[{"leaf_input":"AAAA","extra_data":7}]}'],
    ['a missing leaf_input', '{"entries":[{"extra_data":"AAAA"}]}'],
    ['a leaf_input of null', '{"entries":[{"leaf_input":null,"extra_data":"AAAA"}]}'],
    ['a number instead of a string', '{"entries":[{"leaf_input":7,"extra_data":""}]}'],
    ['text after the end', `${compact}x`],
    ['a character outside base64', compact.replace('"leaf_input":"A', '"leaf_input":"*')],
    ['padding in the middle', '{"entries":[{"leaf_input":"AA==AAAA","extra_data":""}]}'],
    ['missing padding', '{"entries":[{"leaf_input":"AAA","extra_data":""}]}'],
    ['padding only', '{"entries":[{"leaf_input":"A===","extra_data":""}]}'],
  ])('rejects %s', (_what, body) => {
    expect(() => decodeGetEntriesPage(Buffer.from(body))).toThrow(
      expect.objectContaining({ code: 'CT_MALFORMED_PAGE' }),
    );
  });
});

describe('chains that entries share', () => {
  const issuers = [7, 8, 9].map((value) => Buffer.alloc(300, value));
  /** Entries with every length of the precertificate modulo 3 and every chain. */
  const mixed: EntryParts[] = Array.from({ length: 60 }, (_, i) => ({
    certificate: Buffer.alloc(50 + i, i),
    precertificate: i % 4 === 0 ? undefined : Buffer.alloc(100 + (i % 7), 100 + i),
    chain: issuers.slice(i % 3, 1 + (i % 5)),
  }));

  it('are decoded to the same octets', () => {
    expect(parts(pageJson(mixed))).toEqual(mixed.flatMap((entry) => [leafInput(entry), extraData(entry)]));
  });

  it('are decoded once each', () => {
    const precerts = mixed.filter(({ precertificate }) => precertificate?.length === 102);
    const [first] = precerts;
    const alike = precerts.map((entry) => ({ ...entry, chain: issuers }));
    const one = decodeGetEntriesPage(Buffer.from(pageJson([{ ...first, chain: issuers }])));
    const all = decodeGetEntriesPage(Buffer.from(pageJson(alike)));
    const leaves = alike.reduce((sum, entry) => sum + leafInput(entry).length, 0);
    const chain = partOf(one, 0, PagePart.ChainStart).length;
    // A length and 102 octets each are whole groups of characters, none of which belongs to the chain.
    expect(all.bytes).toHaveLength(leaves + alike.length * 105 + chain);
  });

  it('are not shared if the list has another length', () => {
    for (const size of [100, 101, 102]) {
      const entry = { certificate: Buffer.from('tbs'), precertificate: Buffer.alloc(size), chain: issuers };
      const other = extraData(entry);
      other[3 + size] ^= 1;
      const rows = [extraData(entry), other].map((extra) => ({
        leaf_input: leafInput(entry).toString('base64'),
        extra_data: extra.toString('base64'),
      }));
      const page = decodeGetEntriesPage(Buffer.from(JSON.stringify({ entries: rows })));
      expect([extraOf(page, 0), extraOf(page, 1)]).toEqual([extraData(entry), other]);
    }
  });

  it('are not searched in extra_data that is shorter than its precertificate', () => {
    const entry = { certificate: Buffer.from('tbs'), precertificate: Buffer.alloc(200, 3) };
    const rows = Array.from({ length: 203 }, (_, length) => ({
      leaf_input: leafInput(entry).toString('base64'),
      extra_data: extraData(entry).subarray(0, length).toString('base64'),
    }));
    const page = decodeGetEntriesPage(Buffer.from(JSON.stringify({ entries: rows })));
    for (let i = 0; i < rows.length; i++) {
      expect(partOf(page, i, PagePart.LeafEnd)).toEqual(extraData(entry).subarray(0, i));
      expect(partOf(page, i, PagePart.ChainStart)).toHaveLength(0);
    }
  });
});
