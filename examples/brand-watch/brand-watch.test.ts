import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestSystem } from '../../test/support/system.js';
import { BrandWatchModule } from './brand-watch.module.js';
import type { BrandSighting } from './brand-watch.service.js';

let system: TestSystem;

beforeAll(async () => {
  system = await TestSystem.start({
    logs: [{ name: 'log', initialEntries: 10 }],
    imports: [BrandWatchModule.forWords(['EXAMPLE'])],
  });
});

afterAll(() => system.close());

it('a module of somebody else sees every entry through CertificateFeed and adds its own endpoint', async () => {
  const log = system.simulator.log('log');
  const lite = await system.connect('/');
  log.append(200);
  log.publish();
  await lite.until(({ frames }) => frames.length >= 200);

  const answer = await fetch(`${system.server.url}/brand-watch`);
  const sightings = (await answer.json()) as BrandSighting[];
  const expected = lite
    .updates()
    .flatMap(({ data }) => data.leaf_cert.all_domains)
    .filter((domain) => domain.toLowerCase().includes('example'));
  expect(expected.length).toBeGreaterThan(0);
  expect(sightings.map(({ domain }) => domain).toReversed()).toEqual(expected);
});
