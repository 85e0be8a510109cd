import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IssuerCache } from './issuer-cache.js';
import { IssuerFile } from './issuer-file.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'issuers-'));
  path = join(folder, 'ct_issuers.json');
});
afterEach(() => rm(folder, { recursive: true }));

const fingerprint = (der: Buffer): string => hash('sha256', der, 'buffer').toString('latin1');
const der = (i: number, size = 100): Buffer => Buffer.alloc(size, `issuer ${i} `);

async function opened(at = path) {
  const cache = new IssuerCache();
  const lines: string[] = [];
  const file = new IssuerFile(at, cache, {
    report: (_key, message) => void lines.push(message),
    resolved: () => undefined,
  });
  await file.load();
  return {
    cache,
    file,
    lines,
    add: (bytes: Buffer) => cache.set(fingerprint(bytes), bytes, 'https://log.net'),
  };
}

describe(IssuerFile.name, () => {
  it('restores the saved issuers', async () => {
    const first = await opened();
    for (const i of [1, 2, 3]) first.add(der(i));
    await first.file.save();
    const second = await opened();
    for (const i of [1, 2, 3]) expect(second.cache.get(fingerprint(der(i)))).toEqual(der(i));
    expect([...first.lines, ...second.lines]).toEqual([]);
  });

  it('writes only if there are new issuers', async () => {
    const { file, add } = await opened();
    await file.save();
    await expect(readFile(path)).rejects.toThrow('ENOENT');
    add(der(1));
    await file.save();
    await rm(path);
    await file.save();
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  it('keeps at most 4 MiB of the most recently used issuers', async () => {
    const { file, add, cache } = await opened();
    const size = 64 * 1024;
    for (let i = 0; i < 100; i++) add(der(i, size));
    cache.get(fingerprint(der(0, size)));
    await file.save();
    const { cache: kept } = await opened();
    expect(kept.all()).toHaveLength(64);
    expect(kept.get(fingerprint(der(0, size)))).toBeDefined();
    expect(kept.get(fingerprint(der(99, size)))).toBeDefined();
    expect(kept.get(fingerprint(der(5, size)))).toBeUndefined();
  });

  it.each<[string, (text: string) => string]>([
    ['a changed octet', (text) => text.replace('aXNz', 'aXNy')],
    ['half of its text', (text) => text.slice(0, text.length >> 1)],
  ])('ignores a file with %s, reports it in one line, and replaces it', async (_what, damage) => {
    const first = await opened();
    for (const i of [1, 2, 3]) first.add(der(i));
    await first.file.save();
    const text = await readFile(path, 'utf8');
    await writeFile(path, damage(text));
    const second = await opened();
    expect(second.lines).toEqual([
      expect.stringMatching(/ct_issuers\.json: it is damaged; it will be replaced$/),
    ]);
    expect(second.cache.all()).toEqual([]);
    second.add(der(1));
    await second.file.save();
    expect((await opened()).cache.all()).toEqual([der(1)]);
  });

  it('does not replace a file that is not an issuer file', async () => {
    await writeFile(path, 'general:\n  recovery: {}\n');
    const { file, add, lines } = await opened();
    expect(lines).toEqual([expect.stringContaining('it is not a file of issuers')]);
    add(der(1));
    await file.save();
    expect(await readFile(path, 'utf8')).toBe('general:\n  recovery: {}\n');
    const directory = join(folder, 'a folder');
    await mkdir(directory);
    expect((await opened(directory)).lines).toEqual([expect.stringContaining('it is not a file')]);
  });

  it('reports once that it cannot be written', async () => {
    const { file, add, lines } = await opened(join(folder, 'missing', 'x.json'));
    add(der(1));
    await file.save();
    expect(lines).toEqual([expect.stringContaining('issuers cannot be saved')]);
  });
});
