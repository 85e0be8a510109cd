import { describe, expect, it } from 'vitest';
import { formatIndexFile, parseIndexFile } from './index-file.js';

const parse = (text: string) => parseIndexFile('ct_index.json', text);

const positions = new Map([
  ['ct.googleapis.com/logs/us1/argon2026h2', 2_810_000_001],
  ['empty.example.net', 0],
  ['one.example.net', 1],
]);

describe('index file', () => {
  it('reads back what it wrote', () => {
    expect(parse(formatIndexFile(positions))).toEqual(positions);
  });

  it('is a flat object of last indices, as in Go', () => {
    expect(JSON.parse(formatIndexFile(positions))).toEqual({
      _certstream_server_nest: 1,
      'ct.googleapis.com/logs/us1/argon2026h2': 2_810_000_000,
      'empty.example.net#empty': 0,
      'one.example.net': 0,
    });
  });

  it('reads a value of a Go file as the next index, and 0 as no position', () => {
    expect(parse('{"a.example/log/":12,"b.example":0}')).toEqual(new Map([['a.example/log', 12]]));
  });

  it('uses the index that the Go server wrote for a log that was empty before', () => {
    const text = '{"_certstream_server_nest":1,"a.example":41,"a.example#empty":0}';
    expect(parse(text)).toEqual(new Map([['a.example', 42]]));
  });

  it.each([
    ['nothing', ''],
    ['half of the text', '{"a.example": 1'],
    ['a list', '[1]'],
    ['null', 'null'],
    ['a negative index', '{"a.example": -1}'],
    ['a fraction', '{"a.example": 1.5}'],
    ['a text', '{"a.example": "1"}'],
    ['an index beyond 2^53', '{"a.example": 18446744073709551615}'],
    ['a later version', '{"_certstream_server_nest": 2, "a.example": 1}'],
  ])('rejects %s with one line that names the file and the remedy', (_what, text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'CT_INDEX_FILE_DAMAGED',
        exitCode: 2,
        message: expect.stringMatching(/^ct_index\.json: .*move it away[^\n]*$/) as string,
      }),
    );
  });
});
