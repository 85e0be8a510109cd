import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';

import { OWN_LAYOUT } from '../config-layout.js';
import { configSchema } from '../config-schema.js';
import { loadConfig } from '../load-config.js';
import { GENERATED_FILES } from './generated-files.js';

const top = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(top, path), 'utf8');

describe('generated files', () => {
  it.each(GENERATED_FILES.map((file) => [file.path, file] as const))(
    '%s matches the schema (otherwise run npm run docs:config)',
    async (path, { text }) => {
      const filepath = join(top, path);
      expect(read(path)).toBe(await format(text(), { ...(await resolveConfig(filepath)), filepath }));
    },
  );

  it('describe every key in whole sentences', () => {
    for (const key of OWN_LAYOUT.keys.flatMap((each) => [each, ...(each.fields ?? [])])) {
      expect(key.description, key.name).toMatch(/^.{10,}\.$/);
    }
  });
});

describe('config.sample.yaml', () => {
  it('loads without warnings, differs from the defaults in two switches only, and says so', () => {
    const { config, warnings } = loadConfig({ path: join(top, 'config.sample.yaml'), environment: {} });
    const defaults = configSchema.parse({});
    expect(config).toEqual({
      ...defaults,
      prometheus: { ...defaults.prometheus, enabled: true },
      general: { ...defaults.general, recovery: { ...defaults.general.recovery, enabled: true } },
    });
    expect(warnings).toEqual([]);
    expect(read('config.sample.yaml').match(/Left out: false\.\n +enabled: true$/gm)).toHaveLength(2);
  });

  it('names every key', () => {
    const sample = read('config.sample.yaml');
    for (const { path } of OWN_LAYOUT.keys)
      expect(sample).toMatch(new RegExp(`^ *(# +)?${path.at(-1)}:`, 'm'));
  });
});
