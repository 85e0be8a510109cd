import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createServerCertificate, submissionOf, TestSystem } from 'certstream-server-nest/testing';

const system = await TestSystem.prepare({
  logs: [{ name: 'log', initialEntries: 10 }],
  config: { brand_watch: { words: ['my-bank'] }, prometheus: { enabled: true } },
});
after(() => system.close());

void test('the command loads the module with its section; the page and the metric show a sighting', async () => {
  await system.startProcess(['--module', './dist/src/brand-watch.js'], { cwd: process.cwd() });
  await system.following();
  const log = system.simulator.log('log');
  const { certPem, caPem } = createServerCertificate(['LOGIN.my-bank.example', 'shop.example']);
  log.append(100);
  log.appendSubmission(submissionOf(certPem + caPem));
  log.publish();

  const sightings = async () => (await (await system.get('/brand-watch')).json()) as object[];
  await system.eventually(async () => (await sightings()).length > 0, 'a sighting');
  assert.deepEqual(await sightings(), [
    { word: 'my-bank', domain: 'LOGIN.my-bank.example', log: "Simulator 'log'", index: 110 },
  ]);
  const metrics = await (await system.get('/metrics')).text();
  assert.match(metrics, /_brand_sightings_total\{word="my-bank"\} 1\n/);
});
