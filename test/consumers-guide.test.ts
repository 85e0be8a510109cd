import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const TOP = join(import.meta.dirname, '..');
const EXAMPLES = join(TOP, 'examples/consumers');
const GUIDE = join(TOP, 'docs/consumers.md');
const guide = readFileSync(GUIDE, 'utf8');
/** A link to an example, and the block of code after it. */
const EXAMPLE = /(<a href="\.\.\/examples\/consumers\/([^"]+)">[^\n]*\n\n```\w+\n)([\s\S]*?)(?=```\n)/g;

it('docs/consumers.md shows the text of each example (vitest --update writes it)', async () => {
  const expected = guide.replace(
    EXAMPLE,
    (_block, head: string, path: string) => head + readFileSync(join(EXAMPLES, path), 'utf8'),
  );
  await expect(expected).toMatchFileSnapshot(GUIDE);
});

it('docs/consumers.md shows every example', () => {
  const shown = [...guide.matchAll(EXAMPLE)].map(([, , path]) => path);
  const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.(py|mjs|ts|html|sh|go)$/.test(path));
  expect(files.length).toBeGreaterThan(20);
  expect(shown.toSorted()).toEqual(files.toSorted());
});

const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'].concat(
  readdirSync(join(TOP, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
);

/** The fragments of the headings of a page, as GitHub makes them. */
function fragmentsOf(path: string): Set<string> {
  const text = readFileSync(path, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

it.each(pages)('the links of %s lead to files and headings of this repository', (page) => {
  const path = join(TOP, page);
  const text = readFileSync(path, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|href="([^"]+)"/g)].map(([, link, href]) => link ?? href);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file, fragment] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(target)) return true;
    return fragment !== undefined && target.endsWith('.md') && !fragmentsOf(target).has(fragment);
  });
  expect(broken.map((link) => `${relative(TOP, path)}: ${link}`)).toEqual([]);
});
