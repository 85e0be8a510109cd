import { afterAll, beforeAll, expect, it } from 'vitest';
import { MetricsListener } from '../src/metrics/metrics-listener.js';
import { TestSystem } from '../src/testing/test-system.js';

let system: TestSystem;
beforeAll(async () => {
  system = await TestSystem.start({
    config: {
      webserver: { listen_addr: '127.0.0.1', real_ip: true, trusted_proxies: ['127.0.0.1'] },
      prometheus: { enabled: true },
    },
  });
});
afterAll(() => system.close());

it('metrics that are only enabled are on the listener of the streams, and only this machine may read them', async () => {
  expect(system.server.app.get(MetricsListener).port).toBeUndefined();
  expect((await system.get('/metrics')).status).toBe(200);
  // The proxies of webserver count for the metrics too, so a client of a proxy on this machine is refused.
  for (const address of ['192.0.2.1', '2001:db8::1'])
    expect((await system.get('/metrics', { headers: { 'X-Forwarded-For': address } })).status).toBe(403);
  expect((await system.get('/metrics', { headers: { 'X-Forwarded-For': '::1' } })).status).toBe(200);
});
