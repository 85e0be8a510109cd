import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/**
 * The files that each folder of `src` may import in addition to its own. The sub-folders of some folders, such as
 * `ct-log`, count as folders of their own. The composition root, which consists of the files directly in `src`, may
 * import every folder. Only `cli` and `testing` may import the composition root. ARCHITECTURE.md shows the arrows.
 */
const ALLOWED: Record<string, readonly string[]> = {
  kernel: [],
  http1: ['kernel'],
  certificate: ['kernel'],
  filter: ['certificate', 'kernel'],
  unique: ['certificate', 'kernel'],
  config: ['filter', 'kernel'],
  logging: ['kernel'],
  'simulator/log': ['kernel'],
  'simulator/pki': ['kernel', 'simulator/log'],
  'simulator/faults': ['kernel', 'simulator/log', 'simulator/pki'],
  simulator: ['kernel', 'simulator/faults', 'simulator/log', 'simulator/pki'],
  discovery: ['kernel'],
  schedule: [],
  nats: ['config', 'kernel'],
  cluster: ['config', 'kernel', 'logging', 'nats'],
  feed: ['certificate', 'cluster', 'config', 'discovery', 'kernel', 'logging', 'nats'],
  outputs: [
    'certificate',
    'cluster',
    'config',
    'discovery',
    'feed',
    'filter',
    'kernel',
    'logging',
    'nats',
    'schedule',
    'unique',
  ],
  web: ['config', 'filter', 'kernel', 'logging', 'schedule'],
  'stream/encoding': ['certificate', 'kernel'],
  'stream/subscription': [
    'certificate',
    'config',
    'feed',
    'filter',
    'kernel',
    'logging',
    'stream/encoding',
    'unique',
    'web',
  ],
  'stream/websocket': [
    'certificate',
    'config',
    'filter',
    'kernel',
    'stream/encoding',
    'stream/subscription',
    'web',
  ],
  'stream/sse': ['certificate', 'config', 'feed', 'stream/encoding', 'stream/subscription', 'web'],
  'stream/http': ['certificate', 'feed', 'filter', 'stream/subscription', 'web'],
  stream: [
    'config',
    'feed',
    'kernel',
    'logging',
    'schedule',
    'stream/encoding',
    'stream/http',
    'stream/sse',
    'stream/subscription',
    'unique',
    'stream/websocket',
    'web',
  ],
  'ct-log/client': ['certificate', 'config', 'http1', 'kernel', 'logging'],
  'ct-log/log-list': ['certificate', 'config', 'ct-log/client', 'kernel', 'logging', 'schedule'],
  'ct-log/state': ['cluster', 'config', 'ct-log/client', 'feed', 'kernel', 'logging'],
  'ct-log/scheduling': ['config', 'ct-log/client', 'kernel'],
  'ct-log/reporting': ['certificate', 'ct-log/client', 'ct-log/state', 'kernel', 'logging'],
  'ct-log/verification': [
    'certificate',
    'ct-log/client',
    'ct-log/reporting',
    'ct-log/scheduling',
    'ct-log/state',
    'kernel',
    'logging',
  ],
  'ct-log/gaps': [
    'certificate',
    'ct-log/client',
    'ct-log/reporting',
    'ct-log/scheduling',
    'ct-log/state',
    'ct-log/verification',
    'kernel',
    'logging',
  ],
  'ct-log/following': [
    'certificate',
    'cluster',
    'config',
    'ct-log/client',
    'ct-log/gaps',
    'ct-log/log-list',
    'ct-log/reporting',
    'ct-log/scheduling',
    'ct-log/state',
    'ct-log/verification',
    'feed',
    'kernel',
    'logging',
    'schedule',
  ],
  'ct-log': [
    'config',
    'ct-log/client',
    'ct-log/following',
    'ct-log/log-list',
    'ct-log/state',
    'feed',
    'kernel',
    'schedule',
  ],
  health: ['cluster', 'config', 'ct-log', 'discovery', 'feed', 'kernel', 'logging', 'outputs', 'web'],
  dashboard: [
    'certificate',
    'cluster',
    'config',
    'ct-log',
    'feed',
    'kernel',
    'outputs',
    'schedule',
    'stream',
    'web',
  ],
  api: [
    'certificate',
    'cluster',
    'config',
    'ct-log',
    'dashboard',
    'feed',
    'filter',
    'kernel',
    'logging',
    'outputs',
    'schedule',
    'stream',
    'web',
  ],
  metrics: [
    'cluster',
    'config',
    'ct-log',
    'discovery',
    'feed',
    'kernel',
    'logging',
    'stream',
    'unique',
    'web',
  ],
  telemetry: ['kernel', 'logging', 'metrics'],
  testing: ['certificate', 'config', 'ct-log', 'feed', 'logging', 'simulator'],
  cli: [
    'certificate',
    'cluster',
    'config',
    'ct-log',
    'feed',
    'filter',
    'http1',
    'kernel',
    'logging',
    'outputs',
    'simulator',
    'stream',
  ],
};
/** Folders whose sub-folders count as folders of their own. */
const SPLIT = new Set(
  Object.keys(ALLOWED)
    .filter((folder) => folder.includes('/'))
    .map((folder) => folder.split('/')[0]),
);
/** Folders with plain TypeScript code. */
const WITHOUT_NEST =
  /^(kernel|http1|certificate|nats|simulator|cli|ct-log\/(client|scheduling|verification|gaps)|filter|stream\/encoding)\//;

interface SourceFile {
  readonly path: string;
  /** Paths relative to `src` of the imported files in it, including imports of types. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const files: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !/(^|\/)\w*\/testing\//.test(path))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const specifiers = [...text.matchAll(/\b(?:from|import)\b\s*\(?\s*'([^']+)'/g)].map(([, name]) => name);
    return {
      path,
      imports: specifiers
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(SRC, resolve(SRC, dirname(path), specifier)).replace(/\.js$/, '.ts')),
      packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
    };
  });

/** Returns the folder directly in `src`, or its sub-folder where these count; undefined for the composition root. */
function folderOf(path: string): string | undefined {
  const [first, second, third] = path.split('/');
  if (second === undefined) return undefined;
  return SPLIT.has(first) && third !== undefined ? `${first}/${second}` : first;
}

/**
 * Whether files in `from` may import from `to`. An allowed folder includes its sub-folders for importers outside of
 * it.
 */
function isAllowed(from: string, to: string | undefined): boolean {
  if (to === undefined) return from === 'cli' || from === 'testing';
  const allowed = ALLOWED[from] ?? [];
  const [parent] = to.split('/');
  return to === from || allowed.includes(to) || (from.split('/')[0] !== parent && allowed.includes(parent));
}

describe('ARCHITECTURE.md', () => {
  it.each(Object.keys(ALLOWED))('src/%s imports only the folders that it may', (folder) => {
    const wrong = files
      .filter(({ path }) => folderOf(path) === folder)
      .flatMap(({ path, imports }) =>
        imports
          .filter((target) => !isAllowed(folder, folderOf(target)))
          .map((target) => `${path} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('lists every folder', () => {
    const folders = new Set(files.map(({ path }) => folderOf(path)).filter((folder) => folder !== undefined));
    expect([...folders].sort()).toEqual(Object.keys(ALLOWED).sort());
    const page = readFileSync(join(SRC, '../ARCHITECTURE.md'), 'utf8');
    const named = [...folders].filter((folder) => !folder.includes('/')).map((folder) => `\`src/${folder}\``);
    expect(named.filter((name) => !page.includes(name))).toEqual([]);
  });

  it('permits no import cycles, including type imports', () => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      state.set(path, 'open');
      for (const target of byPath.get(path)?.imports ?? []) visit(target, [...trail, path]);
      state.set(path, 'done');
    };
    for (const { path } of files) visit(path, []);
    expect(circles).toEqual([]);
  });

  it('permits no Nest imports in protocol, parsing, simulator and commands', () => {
    const isNest = (name: string): boolean => name.startsWith('@nestjs/');
    const plain = files.filter(({ path }) => WITHOUT_NEST.test(path));
    expect(plain.filter(({ packages }) => packages.some(isNest)).map(({ path }) => path)).toEqual([]);
  });

  it('permits no index barrels', () => {
    expect(files.filter(({ path }) => /(^|\/)index\.ts$/.test(path))).toEqual([]);
  });
});
