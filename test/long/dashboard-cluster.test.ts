import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebhookReceiver } from '../support/brokers/webhook-receiver.js';
import { findChromium } from '../support/chromium.js';
import { accessibilityViolations, DashboardBrowser, scrollsSideways } from '../support/dashboard-browser.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';
import { startWorkerAndGateway } from '../support/worker-and-gateway.js';

const command = findChromium();
if (command === undefined) {
  console.warn(
    'SKIPPED test/long/dashboard-cluster.test.ts: no chromium on the path. Install it (Debian: apt-get install chromium) or name it in CHROMIUM',
  );
}

describe.skipIf(command === undefined || !HAS_NATS)('the dashboard of a member of a cluster', () => {
  let browser: DashboardBrowser;
  beforeAll(async () => {
    if (command !== undefined) browser = await DashboardBrowser.start(command);
  });
  afterAll(() => browser?.close());

  it('shows which member follows each log, and what each member does', async () => {
    const logs = [
      { name: 'rfc', operator: 'One' },
      { name: 'tiled', protocol: 'static-ct', operator: 'Two' },
    ] as const;
    const receiver = await WebhookReceiver.start();
    onTestFinished(() => receiver.stop());
    const outputs = [{ name: 'archive', ...receiver.settings }];
    const { gateway } = await startWorkerAndGateway(await start(), logs, { outputs });
    const page = await browser.open(`${gateway}/#/logs`);
    const cells = page.getByRole('cell', { name: 'worker', exact: true });
    await cells.nth(1).waitFor();
    expect(await cells.count()).toBe(2);
    const member = page.getByRole('columnheader', { name: 'Member', exact: true });
    await member.getByRole('button').click();
    expect(await member.getAttribute('aria-sort')).toBe('ascending');

    await page.getByRole('link', { name: 'Clients', exact: true }).click();
    const table = page.getByRole('table', { name: 'Live members of the cluster' });
    const rowOf = (name: RegExp) => table.getByRole('row', { name });
    // Behind is known with the first report of the other member.
    await rowOf(/^worker [0-9a-f]{16} all \d\S+ 2 [01] 0, /).waitFor();
    await rowOf(/^door ?this server [0-9a-f]{16} gateway \d\S+ 0 [01] 0, /).waitFor();
    expect(await table.getByRole('row').count()).toBe(3);
    const output = page.getByRole('table', { name: 'Outputs' }).getByRole('row', { name: /^archive/ });
    await output.getByRole('cell', { name: /^(worker|door)$/ }).waitFor();
    for (const name of ['Clients', 'Logs']) {
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('table').first().waitFor();
      for (const width of [360, 1200]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await scrollsSideways(page), `${name} at ${width} pixels`).toBe(false);
        expect(await accessibilityViolations(page), `${name} at ${width} pixels`).toEqual([]);
      }
    }
    await page.context().close();
    expect(browser.faults).toEqual([]);
  });
});
