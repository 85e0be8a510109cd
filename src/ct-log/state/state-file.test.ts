import { describe, expect, it } from 'vitest';
import { formatStateFile, parseStateFile, type SavedState } from './state-file.js';

const NOW = Date.UTC(2026, 10, 22, 12);
const hash = (value: number): Buffer => Buffer.alloc(32, value);

const state: SavedState = {
  indexFiles: ['ab'.repeat(32)],
  logs: new Map([
    [
      'a.example/log',
      {
        next: 9,
        asOf: NOW,
        range: [hash(6), hash(7)],
        verified: { size: 6, hashes: [hash(1), hash(2)] },
        head: {
          treeSize: 8,
          timestamp: NOW - 1000,
          rootHash: hash(3),
          signed: Buffer.from('{"tree_size":8}\n'),
        },
        gaps: [
          {
            from: 3,
            to: 5,
            missing: 2,
            since: NOW - 5000,
            reason: 'CT_HTTP_STATUS',
            tries: 2,
            skipped: false,
            range: [hash(4), hash(5)],
          },
        ],
      },
    ],
    [
      'bytes.example',
      {
        head: { treeSize: 0, timestamp: 0, rootHash: hash(0), signed: Buffer.from([0xff]) },
        asOf: 0,
        gaps: [],
      },
    ],
    ['new.example', { next: 0, asOf: NOW, gaps: [] }],
  ]),
};

const text = formatStateFile(state, NOW);
const parse = (value: string) => parseStateFile('ct_state.json', value);

/** Returns the text with another value at `path`, or without the value. */
function changed(path: string, value?: unknown): string {
  const json = JSON.parse(text) as object;
  const parts = path.split(' ');
  const last = parts.pop()!;
  const parent = parts.reduce<Record<string, unknown>>(
    (node, part) => node[part] as Record<string, unknown>,
    json as Record<string, unknown>,
  );
  if (value !== undefined) parent[last] = value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return JSON.stringify(json);
}

describe('state file', () => {
  it('reads back what it wrote', () => {
    expect(parse(text)).toEqual(state);
  });

  it('is readable for people', () => {
    const lines = text.split('\n').map((line) => line.trim());
    expect(lines).toEqual(
      expect.arrayContaining([
        '"version": 2,',
        expect.stringMatching(/^"checksum": "sha256:[0-9a-f]{64}",$/),
        expect.stringMatching(/^"written_by": "certstream-server-nest \d/),
        '"saved_at": "2026-11-22T12:00:00.000Z",',
        '"next_index": 9,',
        String.raw`"signed": "{\"tree_size\":8}\n"`,
      ]),
    );
    expect(text).not.toContain('"gaps": []');
  });

  it.each([
    ['nothing', '', 'CT_STATE_FILE_DAMAGED'],
    ['half of the text', text.slice(0, text.length / 2), 'CT_STATE_FILE_DAMAGED'],
    ['null', 'null', 'CT_STATE_FILE_FOREIGN'],
    ['a list', '[1]', 'CT_STATE_FILE_FOREIGN'],
    ["the Go server's file", '{"a.example": 12}', 'CT_STATE_FILE_FOREIGN'],
    ["another program's file", changed('written_by', 'other 1.0'), 'CT_STATE_FILE_FOREIGN'],
    ['a later version', changed('version', 3), 'CT_STATE_FILE_NEWER'],
    ['no version', changed('version'), 'CT_STATE_FILE_DAMAGED'],
    ['no logs', changed('logs'), 'CT_STATE_FILE_DAMAGED'],
    ['an unknown key', changed('logs new.example nextindex', 1), 'CT_STATE_FILE_DAMAGED'],
    ['a negative index', changed('logs new.example next_index', -1), 'CT_STATE_FILE_DAMAGED'],
    ['a text as index', changed('logs new.example next_index', '1'), 'CT_STATE_FILE_DAMAGED'],
    ['an index beyond 2^53', changed('logs new.example next_index', 2 ** 53), 'CT_STATE_FILE_DAMAGED'],
    ['an invalid time', changed('logs new.example as_of', 'today'), 'CT_STATE_FILE_DAMAGED'],
    ['a truncated hash', changed('logs a.example/log verified hashes 0', 'AAAA'), 'CT_STATE_FILE_DAMAGED'],
    ['too few hashes', changed('logs a.example/log verified hashes 1'), 'CT_STATE_FILE_DAMAGED'],
    ['too many hashes of the range', changed('logs a.example/log next_index', 8), 'CT_STATE_FILE_DAMAGED'],
    ['an empty gap', changed('logs a.example/log gaps 0 to', 3), 'CT_STATE_FILE_DAMAGED'],
    ['a gap with a wrong range', changed('logs a.example/log gaps 0 range 1'), 'CT_STATE_FILE_DAMAGED'],
  ])('rejects %s with one line that names the file and the remedy', (_what, damaged, code) => {
    expect(() => parse(damaged)).toThrow(
      expect.objectContaining({
        code,
        exitCode: 2,
        message: expect.stringMatching(
          /^ct_state\.json: .*move (it|this file|the file) away[^\n]*$/,
        ) as string,
      }),
    );
  });

  it.each([
    ['another index', changed('logs new.example next_index', 1)],
    ['another hash', changed('logs a.example/log verified hashes 0', hash(9).toString('base64'))],
    ['another head', changed('logs a.example/log head tree_size', 7)],
    ['a missing log', changed('logs new.example')],
    ['a missing hash of an index file', changed('ct_index_sha256', [])],
    ['an earlier version', changed('version', 1)],
    ['another checksum', changed('checksum', `sha256:${'0'.repeat(64)}`)],
  ])('rejects a valid file that was changed: %s', (_what, altered) => {
    expect(() => parse(altered)).toThrow(
      expect.objectContaining({
        code: 'CT_STATE_FILE_ALTERED',
        exitCode: 2,
        message:
          'ct_state.json: its checksum does not match its contents; if you edited it, remove its line "checksum"; ' +
          'otherwise move it away to start from ct_index_file or, without that file, at the heads',
      }),
    );
  });

  it('accepts an edited file without the line of the checksum', () => {
    const edited = text.replace(/^ *"checksum".*\n/m, '').replace('"next_index": 0', '"next_index": 5');
    expect(parse(edited).logs.get('new.example')).toEqual({ next: 5, asOf: NOW, gaps: [] });
  });

  it('accepts other spaces and line ends', () => {
    expect(parse(JSON.stringify(JSON.parse(text)).replaceAll(',"', ',\r\n"'))).toEqual(state);
  });

  it('reads a file of version 1, which has no checksum', () => {
    const { checksum, ...rest } = JSON.parse(text) as Record<string, unknown>;
    expect(checksum).toBeDefined();
    expect(parse(JSON.stringify({ ...rest, version: 1 }))).toEqual(state);
  });

  it('reports the place of the damage', () => {
    const damaged = changed('logs a.example/log verified hashes 0', 'AAAA');
    expect(() => parse(damaged)).toThrow(
      'ct_state.json: logs > a.example/log > verified > hashes > 0: is not a hash of 32 bytes; repair it',
    );
  });
});
