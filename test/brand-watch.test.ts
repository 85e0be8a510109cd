import { afterAll, beforeAll, expect, it } from 'vitest';
import BrandWatchModule, { configSections, type Sighting } from '../examples/brand-watch/src/brand-watch.js';
import { TestSystem } from '../src/testing/test-system.js';

let system: TestSystem;

beforeAll(async () => {
  system = await TestSystem.start({
    logs: [{ name: 'log', initialEntries: 10 }],
    config: { brand_watch: { words: ['EXAMPLE'] } },
    imports: [BrandWatchModule],
    sections: configSections,
  });
});

afterAll(() => system.close());

it('a module of somebody else sees every entry through CertificateFeed and adds its own endpoint', async () => {
  const log = system.simulator.log('log');
  const lite = await system.connect('/');
  log.append(200);
  log.publish();
  await lite.until(({ frames }) => frames.length >= 200);

  const sightings = (await (await system.get('/brand-watch')).json()) as Sighting[];
  const expected = lite
    .updates()
    .flatMap(({ data }) => data.leaf_cert.all_domains)
    .filter((domain) => domain.toLowerCase().includes('example'));
  expect(expected.length).toBeGreaterThan(0);
  expect(sightings.map(({ domain }) => domain).toReversed()).toEqual(expected);
});
