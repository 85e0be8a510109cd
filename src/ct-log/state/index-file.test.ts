import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIndexFile, writeIndexFile } from './index-file.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'positions-'));
  path = join(folder, 'ct_index.json');
});
afterEach(() => rm(folder, { recursive: true }));

const positions = new Map([
  ['ct.googleapis.com/logs/us1/argon2026h2', 2_810_000_001],
  ['empty.example.net', 0],
  ['one.example.net', 1],
]);

describe('position file', () => {
  it('reads back what it wrote, and leaves no other file', async () => {
    await writeIndexFile(path, positions);
    await writeIndexFile(path, positions);
    expect(await readIndexFile(path)).toEqual(positions);
    expect(await readdir(folder)).toEqual(['ct_index.json']);
  });

  it("is Go's flat object of last indices", async () => {
    await writeIndexFile(path, positions);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      _certstream_server_nest: 1,
      'ct.googleapis.com/logs/us1/argon2026h2': 2_810_000_000,
      'empty.example.net#empty': 0,
      'one.example.net': 0,
    });
  });

  it("takes values of Go's own files as the next index, and 0 as none", async () => {
    await writeFile(path, '{"a.example/log/":12,"b.example":0}');
    expect(await readIndexFile(path)).toEqual(new Map([['a.example/log', 12]]));
  });

  it('has no positions when there is no file', async () => {
    expect(await readIndexFile(path)).toEqual(new Map());
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"a.example": 1'],
    ['a list', '[1]'],
    ['null', 'null'],
    ['a negative index', '{"a.example": -1}'],
    ['a fraction', '{"a.example": 1.5}'],
    ['a text', '{"a.example": "1"}'],
    ['an index beyond 2^53', '{"a.example": 18446744073709551615}'],
    ['a later version', '{"_certstream_server_nest": 2, "a.example": 1}'],
  ])('refuses %s in one line that names the file and the way out', async (_what, text) => {
    await writeFile(path, text);
    const error = await readIndexFile(path).catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ code: 'CT_INDEX_FILE_DAMAGED', exitCode: 2 });
    expect((error as Error).message).toMatch(/ct_index\.json: .*move it away/);
    expect((error as Error).message).not.toContain('\n');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('refuses a file that cannot be read', async () => {
    await expect(readIndexFile(folder)).rejects.toMatchObject({
      code: 'CT_INDEX_FILE_UNREADABLE',
      exitCode: 2,
    });
  });

  it('keeps the old file when the new one cannot be written', async () => {
    await writeIndexFile(path, positions);
    await expect(writeIndexFile(join(folder, 'missing', 'x.json'), new Map())).rejects.toThrow('ENOENT');
    expect(await readIndexFile(path)).toEqual(positions);
  });
});
