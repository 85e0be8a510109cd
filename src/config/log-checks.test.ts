import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from './load-config.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'config-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('warns of keys that have no effect because of another key', () => {
  const path = join(folder, 'config.yaml');
  writeFileSync(
    path,
    `ct_log: {user_agent: x, contact: me@example.net, connection_reuse: false, no_connection_reuse_operators: [Op]}
general:
  disable_default_logs: true
  additional_logs: [{url: ct.example/a}]
  excluded_logs: [{operator: Op}]
  recovery: {start: head, max_age: 1d}
`,
  );
  const { warnings } = loadConfig({ path, environment: {} });
  const named = warnings.filter((line) => line.includes('has no effect')).join('\n');
  for (const key of ['contact', 'no_connection_reuse_operators', 'excluded_logs', 'start', 'max_age'])
    expect(named).toContain(`.${key}: has no effect`);
  expect(named.split('\n')).toHaveLength(5);
});
