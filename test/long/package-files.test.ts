import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { beforeAll, expect, it } from 'vitest';

const TOP = join(import.meta.dirname, '../..');
const LINK = /\]\(<?([^)\s>]+)>?[^)]*\)|(?:src|href)="([^"]+)"|^\[[^\]]+\]:\s*(\S+)/gm;

let files: Set<string>;
beforeAll(() => {
  const npm = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const output = execFileSync('npm', npm, {
    cwd: TOP,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files: packed }] = JSON.parse(output) as [{ files: { path: string }[] }];
  files = new Set(packed.map(({ path }) => path));
});

const read = (path: string): string => readFileSync(join(TOP, path), 'utf8');
const isPacked = (path: string): boolean =>
  files.has(path) || [...files].some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`));

function* pages(): Iterable<readonly [string, string]> {
  for (const file of files) if (file.endsWith('.md')) yield [file, read(file)];
}

it('every link of a page in the package leads to a file of the package', () => {
  const dead: string[] = [];
  let links = 0;
  for (const [page, text] of pages()) {
    for (const [, ...targets] of text.replaceAll(/^```[^]*?^```/gm, '').matchAll(LINK)) {
      const target = targets.find((one) => one !== undefined)!;
      if (/^[a-z]+:|^#/.test(target)) continue;
      links++;
      if (!isPacked(posix.join(posix.dirname(page), target.split('#')[0]))) dead.push(`${page}: ${target}`);
    }
  }
  expect(links).toBeGreaterThan(100);
  expect(dead).toEqual([]);
});

it('no file refers to a source map that is not in the package, and no map to sources that are not', () => {
  const scripts = [...files].filter((file) => /\.(js|css|d\.ts)$/.test(file));
  expect(scripts.length).toBeGreaterThan(100);
  const lacking = scripts.filter((file) => {
    const [, map] = /^(?:\/\/|\/\*)# sourceMappingURL=(?!data:)(\S+)/m.exec(read(file)) ?? [];
    return map !== undefined && !files.has(posix.join(posix.dirname(file), map));
  });
  expect(lacking).toEqual([]);
  const empty = [...files].filter((file) => {
    if (!file.endsWith('.map')) return false;
    const { sources, sourcesContent } = JSON.parse(read(file)) as Record<string, unknown[] | undefined>;
    return sourcesContent?.length !== sources?.length;
  });
  expect(empty).toEqual([]);
});

it('npx runs this package and no other: the name of the package is a command of it, and pages use that name', () => {
  const { name, bin } = JSON.parse(read('package.json')) as { name: string; bin: Record<string, string> };
  expect(bin[name]).toBe(bin['certstream-server']);
  expect(files).toContain(bin[name]);
  for (const [page, text] of pages())
    expect(text, page).not.toMatch(/npx (--yes |-y )?certstream-server(?!-nest)/);
});
