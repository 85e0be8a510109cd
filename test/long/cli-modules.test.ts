import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/testing/free-port.js';
import { startCli } from '../../src/testing/cli-process.js';

const TOP = join(import.meta.dirname, '../..');

const API = JSON.stringify(join(TOP, 'dist/public-api.js'));
const ZOD = JSON.stringify(join(TOP, 'node_modules/zod/index.cjs'));
const ZOD3 = JSON.stringify(join(TOP, 'node_modules/zod/v3/index.cjs'));
const COMMON = JSON.stringify(join(TOP, 'node_modules/@nestjs/common/index.js'));

/** A module as TypeScript compiles it. It prints its section of the configuration at the start, and SEEN at the first entry. */
const body = `
  const brandWatchConfig = api.defineConfigSection('brand_watch', z.object({
    words: z.array(z.string()).default([]).describe('Words to look for.'),
    limit: z.number().int().default(10).describe('Most sightings that are kept.'),
  }).describe('Names that contain a word.'));
  class BrandWatch {
    constructor(config, feed) { process.stdout.write('WATCHES ' + JSON.stringify(config) + '\\n'); this.feed = feed; }
    onModuleInit() { this.feed.entries$.subscribe(() => { if (!this.seen) process.stdout.write('SEEN\\n'); this.seen = true; }); }
  }
  Inject(brandWatchConfig.KEY)(BrandWatch, undefined, 0);
  Inject(api.CertificateFeed)(BrandWatch, undefined, 1);
  class BrandWatchModule {}
  Module({ imports: [api.StreamModule], providers: [BrandWatch] })(BrandWatchModule);
`;
const ESM = `
  import * as api from ${API};
  import z from ${ZOD};
  import { Inject, Module } from ${COMMON};
  ${body}
  export const configSections = [brandWatchConfig];
  export default BrandWatchModule;
`;
const CJS = `
  const api = require(${API});
  const z = require(${ZOD});
  const { Inject, Module } = require(${COMMON});
  ${body}
  module.exports = { module: BrandWatchModule, configSections: [brandWatchConfig] };
`;

const sectionFile = (zod: string, schema: string): string => `
  import * as api from ${API};
  import z from ${zod};
  export const configSections = [api.defineConfigSection('other', ${schema})];
  export default class M {};
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-modules-'));
  const files: Record<string, string> = {
    'brand-watch.mjs': ESM,
    'brand-watch.cjs': CJS,
    'config.yaml': 'brand_watch:\n  words: [bank, shop]\n',
    'empty.yaml': '{}\n',
    'mistake.yaml': 'brand_watch:\n  wrods: [bank]\n',
    'syntax.mjs': 'export default class {',
    'nothing.mjs': 'export const other = 1;',
    'rejected.mjs': "export default Promise.reject(new Error('no broker\\nsecond line'));",
    'no-schema.mjs':
      "export default class M {}\nexport const configSections = [Object.assign(() => 1, { section: 'a', schema: {} })];",
    'zod3.mjs': sectionFile(ZOD3, 'z.object({})'),
    'throws.mjs': sectionFile(ZOD, "z.object({ a: z.string().default('').refine(async () => true) })"),
    'sections.mjs': 'export default class M {}\nexport const configSections = { a: 1 };',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const folderOfPackage = join(folder, 'node_modules/brand-watch');
  mkdirSync(folderOfPackage, { recursive: true });
  writeFileSync(
    join(folderOfPackage, 'package.json'),
    '{"name":"brand-watch","type":"module","exports":{"import":"./index.js"}}',
  );
  writeFileSync(join(folderOfPackage, 'index.js'), ESM);
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = (args: readonly string[], env: Record<string, string> = {}) =>
  startCli(args, { cwd: folder, env });

describe.each(['./brand-watch.mjs', './brand-watch.cjs', 'brand-watch.mjs', 'brand-watch'])(
  '--module %s',
  (name) => {
    it('adds the sections of the module to the configuration and to the environment variables', async () => {
      const { code, out, err } = await start(['validate', '--module', name], {
        CERTSTREAM_BRAND_WATCH_WORDS: 'bank, shop',
      }).ended;
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(
        'Key of a module: brand_watch.words (CERTSTREAM_BRAND_WATCH_WORDS). Words to look for.',
      );
      expect(out).toContain('Config is valid');
    });

    it('reports a mistake in a section of the module in one line', async () => {
      const { code, out, err } = await start(['validate', '-c', 'mistake.yaml', '--module', name]).ended;
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toBe('mistake.yaml:2: unknown key brand_watch.wrods; did you mean brand_watch.words?\n');
    });
  },
);

describe('a section of a module', () => {
  it('is an unknown key if the module is not loaded', async () => {
    const { code, err } = await start(['validate']).ended;
    expect(code).toBe(2);
    expect(err).toContain('config.yaml:1: unknown key brand_watch');
  });

  it.each([
    ['./nowhere.js', 'there is no such file'],
    ['nowhere', 'cannot be loaded'],
    ['./syntax.mjs', 'SyntaxError'],
    ['./nothing.mjs', 'is a module of Nest'],
    ['./sections.mjs', 'configSections'],
    ['./no-schema.mjs', 'configSections'],
    ['./rejected.mjs', 'cannot be loaded: Error: no broker'],
    ['./zod3.mjs', 'the schema of other is not an object of Zod 4'],
  ])('of %s, which is not a valid module → one line and exit code 2', async (name, says) => {
    for (const command of ['serve', 'validate', 'demo']) {
      const { code, out, err } = await start([command, '--module', name]).ended;
      expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 2 });
      expect(err).toContain(`--module ${name}`);
      expect(err).toContain(says);
    }
  });

  it('whose schema fails → one line and exit code 2', async () => {
    const { code, err } = await start(['validate', '-c', 'empty.yaml', '--module', './throws.mjs']).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/^empty\.yaml.*: other: the schema of the module cannot check this section: .*\n$/);
  });

  it('cannot be added twice', async () => {
    const args = ['validate', '--module', './brand-watch.mjs', '--module', './brand-watch.cjs'];
    const { code, err } = await start(args).ended;
    expect({ code, err }).toEqual({
      code: 2,
      err: 'the section brand_watch of a module is already defined\n',
    });
  });
});

it('demo --module runs the module, which gets its section and the entries', async () => {
  const port = String(await freePort());
  const running = start(['demo', '--rate', '100', '--port', port, '--module', './brand-watch.mjs']);
  await running.printed(/SEEN/);
  running.signal('SIGTERM');
  const { code, out } = await running.ended;
  expect(code).toBe(0);
  expect(out).toContain('WATCHES {"words":["bank","shop"],"limit":10}');
});
