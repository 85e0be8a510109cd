import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSystem } from '../../src/testing/test-system.js';
import { findChromium } from '../support/chromium.js';
import { accessibilityViolations, DashboardBrowser, scrollsSideways } from '../support/dashboard-browser.js';
import { namedEntry } from '../support/named-entries.js';

const command = findChromium();
if (command === undefined) {
  console.warn(
    'SKIPPED test/long/dashboard-pages.test.ts: no chromium on the path. Install it (Debian: apt-get install chromium) or name it in CHROMIUM',
  );
}

const PAGES = {
  live: { title: 'Live', content: 'hostile.example' },
  logs: { title: 'Logs', content: 'keeping up' },
  clients: { title: 'Clients and outputs', content: 'The configuration has no outputs.' },
  system: { title: 'System', content: 'Where the time goes' },
} as const;

/** Names that would do harm as HTML, as a part of a script, or as text that is shown as it is. */
const HOSTILE = [
  '<img src=x onerror=hacked()>.hostile.example',
  '"><script>hacked()</script>.hostile.example',
  `'-hacked()-'&lt;b&gt;.hostile.example`,
  'javascript:hacked().hostile.example',
  '</ul></main><iframe srcdoc="<script>parent.hacked()</script>">.hostile.example',
  '{{constructor.constructor("hacked()")()}}.hostile.example',
  '__proto__.hostile.example',
  'nul\0byte.hostile.example',
  'right\u202Eto-left.hostile.example',
  'zero\u200Bwidth\u2028line.hostile.example',
] as const;
const SHOWN: Readonly<Record<string, string>> = {
  'nul\0byte.hostile.example': 'nul⟨U+0000⟩byte.hostile.example',
  'right\u202Eto-left.hostile.example': 'right⟨U+202E⟩to-left.hostile.example',
  'zero\u200Bwidth\u2028line.hostile.example': 'zero⟨U+200B⟩width⟨U+2028⟩line.hostile.example',
};

let system: TestSystem;
let browser: DashboardBrowser;

beforeAll(async () => {
  if (command === undefined) return;
  system = await TestSystem.start({
    logs: [
      { name: 'rfc', operator: '<b>Operator</b>' },
      { name: 'tiled', protocol: 'static-ct' },
    ],
  });
  browser = await DashboardBrowser.start(command);
});
afterAll(async () => {
  await browser?.close();
  await system?.close();
});

/** Publishes certificates with the names, each in the subject as well. */
function publish(names: readonly string[]): void {
  const log = system.simulator.log('rfc');
  for (const name of names)
    log.appendRaw(
      namedEntry(
        [name],
        [['O', name]],
        [
          ['O', name],
          ['CN', name],
        ],
      ).entry,
    );
  log.publish();
}

async function openLive(options?: BrowserContextOptions): Promise<Page> {
  const page = await browser.open(`${system.url}/#/live`, options);
  await page.locator('.connection.is-live').waitFor();
  return page;
}

describe.skipIf(command === undefined)('the dashboard', () => {
  it.each(['light', 'dark'] as const)(
    'has no barriers in %s colours, and fits 360 pixels',
    async (colorScheme) => {
      const page = await openLive({ colorScheme });
      publish(['www.hostile.example', 'other.hostile.example']);
      for (const [path, { title, content }] of Object.entries(PAGES)) {
        await page.getByRole('link', { name: title.split(' ')[0], exact: true }).click();
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        await page.getByText(content).first().waitFor();
        expect(await page.getByText('Members of the cluster').count(), path).toBe(0);
        expect(await page.title()).toBe(`${title} – certstream`);
        expect(await accessibilityViolations(page), path).toEqual([]);
        for (const width of [360, 1200]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await scrollsSideways(page), `${path} at ${width} pixels`).toBe(false);
          if (width === 360) expect(await accessibilityViolations(page), `${path} at 360 pixels`).toEqual([]);
        }
      }
      await page.getByRole('link', { name: 'Live', exact: true }).click();
      publish(['www.hostile.example']);
      await page.getByText('www.hostile.example').first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Download DER' }).waitFor();
      expect(await accessibilityViolations(page), 'certificate').toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByText('Fields', { exact: true }).click();
      expect(await accessibilityViolations(page), 'fields').toEqual([]);
      await page.context().close();
      expect(browser.faults).toEqual([]);
    },
  );

  it('shows the charts of the system after two samples', async () => {
    const page = await browser.open(`${system.url}/#/system`);
    await page.locator('.chart canvas').nth(3).waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(4);
    await page.getByRole('button', { name: 'Use dark colours' }).click();
    expect(await page.locator('.chart canvas').count()).toBe(4);
    await page.context().close();
    expect(browser.faults).toEqual([]);
  });

  it('sorts the logs by a click on a column', async () => {
    const page = await browser.open(`${system.url}/#/logs`);
    const rows = page.getByRole('row');
    await rows.nth(2).waitFor();
    const names = () => page.getByRole('rowheader').allTextContents();
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    // A server that works alone has no members of a cluster.
    expect(await page.getByRole('columnheader', { name: 'Member', exact: true }).count()).toBe(0);
    const ascending = await names();
    expect(ascending[0]).toContain("<b>Operator</b> 'rfc'");
    expect(await page.getByRole('columnheader', { name: 'Log', exact: true }).getAttribute('aria-sort')).toBe(
      'ascending',
    );
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    expect(await names()).toEqual(ascending.toReversed());
    await page.context().close();
    expect(browser.faults).toEqual([]);
  });

  it('shows hostile names as text, in the list and in the certificate', async () => {
    const page = await openLive();
    await page.evaluate('window.hacked = () => console.error("a certificate ran a script")');
    publish(HOSTILE);
    const rows = page.getByRole('list', { name: 'Newest certificates' }).getByRole('button');
    await system.eventually(async () => (await rows.count()) >= HOSTILE.length, 'all rows');
    const texts = await rows.allTextContents();
    for (const name of HOSTILE) {
      const shown = SHOWN[name] ?? name;
      const at = texts.findIndex((text) => text.startsWith(shown));
      expect(at, shown).toBeGreaterThanOrEqual(0);
      await rows.nth(at).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Download DER' }).waitFor();
      expect(await dialog.getByRole('heading', { level: 2 }).textContent()).toBe(shown);
      expect(await page.locator('main :is(img, iframe, script, b)').count()).toBe(0);
      for (const link of await dialog.getByRole('link').all())
        expect(await link.getAttribute('href')).toMatch(/^http:/);
      await dialog.getByRole('button', { name: 'Close' }).click();
      await dialog.waitFor({ state: 'detached' });
      await page.mouse.move(0, 0);
    }
    await page.context().close();
    expect(browser.faults).toEqual([]);
  });

  it('stays small and usable with a name of a megabyte, and with 20,000 names', async () => {
    const page = await openLive();
    const log = system.simulator.log('rfc');
    log.appendRaw(namedEntry(['a'.repeat(1_000_000)], [['O', 'One long name']]).entry);
    log.appendRaw(namedEntry(Array.from({ length: 20_000 }, (_, n) => `n${n}.many.example`)).entry);
    log.publish();
    await page.getByText('n0.many.example').waitFor();
    await page.getByText('One long name').waitFor();
    expect(await scrollsSideways(page)).toBe(false);
    await page.getByText('n0.many.example').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: /^Show more of 19,950 other names/ }).click();
    expect(await dialog.locator('.all-names li').count()).toBe(550);
    await page.context().close();
    expect(browser.faults).toEqual([]);
  });
});
