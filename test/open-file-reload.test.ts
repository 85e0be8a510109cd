import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { TestSystem } from '../src/testing/test-system.js';

vi.mock('../src/kernel/open-files.js', () => ({ openFileLimit: () => 10_000 }));

let system: TestSystem;
beforeAll(async () => {
  const webserver = { limits: { max_connections: 10 } };
  system = await TestSystem.start({ logs: [{ name: 'log' }], config: { webserver } });
});
afterAll(() => system.close());

it('a reload with too many clients for the limit of open files says how many are possible, and asks for no restart', async () => {
  const config = structuredClone(system.config());
  config.webserver.limits.max_connections = 0;
  const before = system.output.length;
  await system.server.reload(config);
  const lines = system.output.slice(before).join('');
  expect(lines).toContain('reloaded the configuration: webserver.limits.max_connections');
  expect(lines).toContain('the limit of open files is 10000 (ulimit -n): at most 4936 clients');
  expect(lines).not.toContain('need a restart');
});
