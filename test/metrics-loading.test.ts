import { createRequire } from 'node:module';
import { expect, it, onTestFinished } from 'vitest';
import { AppModule, MetricSource } from '../src/public-api.js';
import { TestSystem } from '../src/testing/test-system.js';

const { cache } = createRequire(import.meta.url);
const isLoaded = () => Object.keys(cache).some((path) => /[/\\]prom-client[/\\]/.test(path));

it('prom-client is loaded only if prometheus.enabled is true', async () => {
  expect([AppModule, MetricSource]).toBeDefined();
  for (const enabled of [false, true]) {
    const system = await TestSystem.start({ config: { prometheus: { enabled } } });
    onTestFinished(() => system.close());
    expect(isLoaded()).toBe(enabled);
  }
});
