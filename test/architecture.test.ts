import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What each folder of `src` may import from, besides itself and the files directly in `src`. ARCHITECTURE.md shows it. */
const ALLOWED: Record<string, readonly string[]> = {
  certificate: [],
  config: [],
  logging: [],
  simulator: [],
  web: ['config', 'logging'],
  stream: ['certificate', 'config', 'logging', 'web'],
  'ct-log': ['certificate', 'config', 'logging', 'stream'],
  health: ['config', 'ct-log'],
  metrics: ['config', 'ct-log', 'stream', 'web'],
  cli: ['certificate', 'config', 'ct-log', 'logging', 'simulator', 'stream'],
};
/** Folders whose code is plain TypeScript; `config` and `logging` have one file each that meets Nest. */
const WITHOUT_NEST = /^(certificate|simulator|cli|ct-log\/(http|pacing|rfc6962|static-ct))\//;

interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
}

const files: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('testing/'))
  .map((path) => ({
    path,
    imports: [
      ...readFileSync(join(SRC, path), 'utf8').matchAll(/\b(?:from|import)\b\s*\(?\s*'([^']+)'/g),
    ].map(([, specifier]) => specifier),
  }));

function targetFolder(file: SourceFile, specifier: string): string | undefined {
  const target = relative(SRC, resolve(SRC, dirname(file.path), specifier));
  return target.includes('/') ? target.split('/')[0] : undefined;
}

describe('ARCHITECTURE.md', () => {
  it.each(Object.keys(ALLOWED))('src/%s imports only what it may', (folder) => {
    const wrong = files
      .filter(({ path }) => path.startsWith(`${folder}/`))
      .flatMap((file) =>
        file.imports
          .filter((specifier) => specifier.startsWith('.'))
          .filter((specifier) => {
            const target = targetFolder(file, specifier);
            return target !== undefined && target !== folder && !ALLOWED[folder].includes(target);
          })
          .map((specifier) => `${file.path} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  it('names every folder of src', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(ALLOWED).sort());
    const page = readFileSync(join(SRC, '../ARCHITECTURE.md'), 'utf8');
    expect(folders.filter(({ name }) => !page.includes(`\`src/${name}\``))).toEqual([]);
  });

  it('keeps protocol, parsing, simulator and commands free of Nest', () => {
    const wrong = files
      .filter(({ path }) => WITHOUT_NEST.test(path))
      .filter(({ imports }) => imports.some((specifier) => specifier.startsWith('@nestjs/')));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('has no index barrels', () => {
    expect(files.filter(({ path }) => /(^|\/)index\.ts$/.test(path))).toEqual([]);
  });
});
