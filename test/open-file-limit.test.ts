import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { CertstreamModule } from '../src/certstream.module.js';
import { CERTSTREAM_CONFIG } from '../src/config/config.module.js';
import type { CertstreamConfig } from '../src/config/config-schema.js';
import { TestSystem } from '../src/testing/test-system.js';

vi.mock('../src/kernel/open-files.js', () => ({ openFileLimit: () => 10_000 }));

const UNBOUNDED = { webserver: { limits: { max_connections: 0, max_pending_connections: 0 } } };

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

it.each([
  ['forRoot', () => CertstreamModule.forRoot(UNBOUNDED)],
  ['forRootAsync', () => CertstreamModule.forRootAsync({ useFactory: () => UNBOUNDED })],
])('a host with %s has no more connections than the limit of open files allows', async (_, server) => {
  const host = await Test.createTestingModule({ imports: [server()] }).compile();
  const { webserver, ct_log } = host.get<CertstreamConfig>(CERTSTREAM_CONFIG, { strict: false });
  const { max_connections, max_pending_connections } = webserver.limits;
  expect(max_connections).toBeGreaterThan(1000);
  expect(max_connections + max_pending_connections + ct_log.max_connections).toBeLessThan(10_000);
  await host.close();
});
