import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const BUILD = fileURLToPath(new URL('../dist/dashboard/page', import.meta.url));
const SOURCE = fileURLToPath(new URL('../dashboard/src', import.meta.url));
const MAX_COMPRESSED = 120 * 1000;

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

describe('the built dashboard', () => {
  it('has less than 120 KB in all files together, compressed', () => {
    const contents = filesIn(BUILD).map((path) => readFileSync(path));
    expect(contents.length).toBeGreaterThanOrEqual(3);
    for (const compress of [gzipSync, brotliCompressSync]) {
      const sizes = contents.map((content) => compress(content).length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_COMPRESSED);
    }
  });

  it('has a document without inline scripts and styles, whose files have a hash in their names', () => {
    const html = readFileSync(join(BUILD, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
    for (const [script] of html.matchAll(/<script[^>]*>[^<]*<\/script>/g))
      expect(script).toMatch(/^<script type="module"[^>]* src="\/dashboard\/assets\/[^"]+"><\/script>$/);
    const files = [...html.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map(([, path]) => path);
    expect(files).toHaveLength(2);
    for (const file of files) expect(file).toMatch(/^\/dashboard\/assets\/index-[\w-]{8}\.(js|css)$/);
  });
});

describe('the source of the dashboard', () => {
  it('sets text as text only', () => {
    for (const path of filesIn(SOURCE))
      expect(readFileSync(path, 'utf8'), path).not.toMatch(
        /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
      );
  });
});
