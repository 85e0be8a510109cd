import { it } from 'vitest';
import { TestSystem } from '../../src/testing/test-system.js';
import { DashboardBrowser } from '../support/dashboard-browser.js';
import { namedEntry } from '../support/named-entries.js';
it('x', async () => {
  const system = await TestSystem.start({ logs: [{ name: 'rfc' }], config: { auth: { tokens: [{ name: 'browser', token: 'dashboard+token/0123456789==' }] } } });
  const b = await DashboardBrowser.start('chromium');
  const p = await b.open(system.url + '/#/live');
  const r = await system.connect('/?token=dashboard%2Btoken%2F0123456789%3D%3D');
  system.simulator.log('rfc').appendRaw(namedEntry(['first.example']).entry);
  system.simulator.log('rfc').publish();
  await new Promise((x) => setTimeout(x, 4000));
  await p.screenshot({ path: '/tmp/webdemo/token.png' });
  console.log(b.faults, await p.locator('body').innerHTML().then((x) => x.slice(0, 1500)));
  console.log(await (await system.get('/latest.json?token=dashboard%2Btoken%2F0123456789%3D%3D')).text());
  console.log(system.output.filter((x) => !x.includes('DEBUG')).join(''));
  await b.close();
  await system.close();
});
