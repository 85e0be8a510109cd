import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, posix } from 'node:path';
import { defineConfig, type DefaultTheme } from 'vitepress';

const DOCS = join(import.meta.dirname, '../../docs');
/** A copy of the pages inside of this package, where they find its modules. */
const COPY = join(import.meta.dirname, '../pages');
rmSync(COPY, { recursive: true, force: true });
cpSync(DOCS, COPY, { recursive: true });

/**
 * Where files outside of `docs` are shown, such as `https://git.example.com/owner/name/blob/main`. Without it, links to them become plain
 * text.
 */
const REPOSITORY = process.env['SITE_REPOSITORY'];

/** The groups of the navigation. `docs/adr` follows by itself. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Start: ['index', 'getting-started', 'dashboard', 'configuration', 'cli'],
  Consumers: ['consumers', 'wire-format', 'http', 'outputs'],
  Operation: ['deployment', 'cluster', 'operations', 'monitoring', 'security', 'logs', 'metrics', 'errors'],
  Promises: ['verification', 'reliability', 'performance'],
  More: ['extend', 'migrate-from-go', 'migrate-from-calidog', 'migrate-from-rust'],
};

const pages = readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => path.replaceAll('\\', '/').slice(0, -'.md'.length));
const decisions = pages.filter((page) => page.startsWith('adr/')).toSorted();
const placed = new Set([...Object.values(GROUPS).flat(), ...decisions]);
const unplaced = pages.filter((page) => !placed.has(page));
if (unplaced.length > 0)
  throw new Error(`site/.vitepress/config.mts has no place for ${unplaced.join(', ')}`);

/** The first heading of a page. */
function titleOf(page: string): string {
  return /^# (.+)$/m.exec(readFileSync(join(DOCS, `${page}.md`), 'utf8'))![1];
}

function item(page: string): DefaultTheme.SidebarItem {
  if (page === 'index') return { text: 'Overview', link: '/' };
  return { text: titleOf(page).replaceAll('`', ''), link: `/${page}` };
}

/** The fragment of a heading as GitHub makes it, which the links of the pages use. */
function slugify(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** Returns the address of a link that leads out of `docs`: `''` if it is unknown, and undefined for every other link. */
function outside(link: string, page: string): string | undefined {
  if (/^[a-z]+:|^#/.test(link)) return undefined;
  const path = posix.join('docs', posix.dirname(page), link);
  if (path.startsWith('docs/')) return undefined;
  return REPOSITORY === undefined ? '' : `${REPOSITORY}/${path}`;
}

export default defineConfig({
  title: 'certstream-server-nest',
  description: 'Certificate Transparency as a stream',
  srcDir: 'pages',
  cleanUrls: true,
  ignoreDeadLinks: [/\.json$/],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      ...Object.entries(GROUPS).map(([text, names]) => ({
        text,
        items: names.filter((name) => pages.includes(name)).map(item),
      })),
      { text: 'Decisions', collapsed: true, items: decisions.map(item) },
    ],
  },
  markdown: {
    anchor: { slugify },
    config(markdown) {
      markdown.core.ruler.push('links-out-of-docs', ({ tokens, env }) => {
        const page = (env as { relativePath?: string }).relativePath ?? 'index.md';
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const target = token.type === 'link_open' && outside(token.attrGet('href') ?? '', page);
          if (typeof target !== 'string') continue;
          if (target !== '') token.attrSet('href', target);
          else Object.assign(token, { type: 'html_inline', content: '<a>' });
        }
        for (const token of [...tokens, ...tokens.flatMap(({ children }) => children ?? [])])
          if (token.type === 'html_block' || token.type === 'html_inline')
            token.content = token.content.replaceAll(/ href="([^"]+)"/g, (whole, link: string) => {
              const target = outside(link, page);
              if (target === undefined) return whole;
              return target === '' ? '' : ` href="${target}"`;
            });
      });
    },
  },
  buildEnd({ outDir }) {
    copyFileSync(join(DOCS, 'config.schema.json'), join(outDir, 'config.schema.json'));
  },
});
