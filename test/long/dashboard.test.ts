import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { StreamClients } from '../../src/stream/subscription/stream-clients.js';
import { freePort } from '../../src/testing/free-port.js';
import { type TestConfig, TestSystem } from '../../src/testing/test-system.js';
import { findChromium } from '../support/chromium.js';
import { countOf, DashboardBrowser } from '../support/dashboard-browser.js';
import { namedEntry } from '../support/named-entries.js';

const command = findChromium();
if (command === undefined) {
  console.warn(
    'SKIPPED test/long/dashboard.test.ts: no chromium on the path. Install it (Debian: apt-get install chromium) or name it in CHROMIUM',
  );
}

const TOKEN = 'dashboard+token/0123456789==';

let system: TestSystem;
let browser: DashboardBrowser;
let log: SimulatedLog;

afterEach(async () => {
  await browser?.close();
  await system?.close();
  expect(browser?.faults).toEqual([]);
});

async function start(config: TestConfig = {}): Promise<void> {
  system = await TestSystem.start({
    logs: [{ name: 'rfc', operator: 'Operator' }],
    config: {
      ...config,
      webserver: { listen_addr: '127.0.0.1', ...(config['webserver'] as object | undefined) },
    },
  });
  log = system.simulator.log('rfc');
  browser = await DashboardBrowser.start(command!);
}

/** Opens the Live page and waits until its stream is connected. */
async function openLive(hash = '#/live'): Promise<Page> {
  const page = await browser.open(`${system.url}/${hash}`);
  await page.getByText('Live', { exact: true }).locator('visible=true').last().waitFor();
  await system.eventually(() => clients().size === 1, 'the page');
  return page;
}

function clients() {
  return system.server.app.get(StreamClients).audiences.lite.clients;
}

function publish(...names: readonly string[]): void {
  for (const name of names) log.appendRaw(namedEntry([name]).entry);
  log.publish();
}

async function received(page: Page, count: number): Promise<void> {
  await system.eventually(async () => (await countOf(page, 'received')) === count, `${count} certificates`);
}

describe.skipIf(command === undefined)('the Live page', () => {
  it('applies a filter on the server, and shows the mistake in a wrong one', async () => {
    await start();
    const page = await openLive();
    await page.getByLabel('Filter', { exact: true }).fill('domain=wanted.example -no.wanted.example');
    await page.getByRole('button', { name: 'Apply' }).click();
    const terms = page.getByRole('list', { name: 'Applied filter' });
    await terms.getByText('no.wanted.example').waitFor();
    publish('a.wanted.example', 'other.example', 'b.wanted.example', 'no.wanted.example');
    await received(page, 2);
    const rows = page.getByRole('list', { name: 'Newest certificates' }).getByRole('button');
    await rows.nth(1).waitFor();
    expect(await rows.allTextContents()).toEqual([
      expect.stringContaining('b.wanted.example') as string,
      expect.stringContaining('a.wanted.example') as string,
    ]);
    expect([...clients()][0].stats.messages).toBe(2);

    await page.getByLabel('Filter', { exact: true }).fill('regex=(');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'regex' }).waitFor();
    expect(await terms.getByRole('listitem').count()).toBe(2);
    await page.getByLabel('Filter', { exact: true }).fill('domian=x.example');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'did you mean `domain`' }).waitFor();

    await page.getByRole('button', { name: 'Remove exclude_domain no.wanted.example' }).click();
    await terms.getByText('no.wanted.example').waitFor({ state: 'detached' });
    publish('no.wanted.example');
    await received(page, 1);
    expect(new URL(page.url()).hash).toBe('#/live?filter=domain%3Dwanted.example');

    // The filter is part of the address.
    await page.reload();
    await terms.getByText('wanted.example').waitFor();
    publish('other.example', 'c.wanted.example');
    await received(page, 1);
  });

  it('stands still while it is paused, and counts on', async () => {
    await start();
    const page = await openLive();
    publish('first.example');
    await page.getByText('first.example').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    publish('second.example', 'third.example');
    await received(page, 3);
    expect(await countOf(page, 'not shown')).toBe(2);
    expect(await page.getByText('second.example').count()).toBe(0);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('third.example').waitFor();
    expect(await countOf(page, 'not shown')).toBe(0);
  });

  it('shows a few of many certificates, and counts all', async () => {
    await start();
    const page = await openLive();
    for (let batch = 0; batch < 10; batch++) {
      log.append(500);
      log.publish();
    }
    await received(page, 5000);
    const [shown, hidden] = [await countOf(page, 'shown'), await countOf(page, 'not shown')];
    expect(shown + hidden).toBe(5000);
    expect(shown).toBeLessThan(500);
    expect(await countOf(page, 'missed')).toBe(0);
  });

  it('opens a whole certificate with the keyboard, with its chain and its DER', async () => {
    await start();
    const page = await openLive();
    log.append(1);
    log.publish();
    const { submittedDer, domains, chain } = log.history.entry(log.size - 1);
    const row = page.getByRole('list', { name: 'Newest certificates' }).getByRole('button').first();
    await row.waitFor();
    await row.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Download DER' }).waitFor();
    const text = (await dialog.textContent()) ?? '';
    const leaf = new X509Certificate(submittedDer);
    for (const shown of [...domains, leaf.fingerprint256, leaf.serialNumber]) expect(text).toContain(shown);
    for (const der of chain) expect(text).toContain(new X509Certificate(der).fingerprint256);
    const link = dialog.getByRole('link', { name: 'entry in the log' });
    expect(await link.getAttribute('href')).toBe(`${log.url}ct/v1/get-entries?start=0&end=0`);
    const saved: Buffer[] = [];
    for (const form of ['DER', 'PEM']) {
      const download = page.waitForEvent('download');
      await dialog.getByRole('button', { name: `Download ${form}` }).click();
      saved.push(await readFile(await (await download).path()));
    }
    expect(saved[0].equals(submittedDer)).toBe(true);
    expect(new X509Certificate(saved[1]).raw.equals(submittedDer)).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe(await row.textContent());

    // The focus of the keyboard is in the list again, so the list does not move.
    publish('later.example');
    await received(page, 2);
    expect(await countOf(page, 'shown')).toBe(1);
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.getByText('later.example').waitFor();
  });
});

describe.skipIf(command === undefined)('the stream of the Live page', () => {
  it('loses and repeats nothing when connections break and the server restarts', async () => {
    const listen_port = await freePort();
    system = await TestSystem.prepare({
      logs: [{ name: 'rfc' }],
      config: () => ({
        webserver: { listen_addr: '127.0.0.1', listen_port },
        journal: { store: 'disk', path: join(system.folder, 'journal') },
        general: { recovery: { enabled: true, ct_index_file: join(system.folder, 'ct_index.json') } },
      }),
    });
    await system.startServer();
    await system.following();
    log = system.simulator.log('rfc');
    browser = await DashboardBrowser.start(command!);
    const page = await openLive();
    let count = 0;
    const append = (some: number) => {
      log.append(some);
      log.publish();
      count += some;
    };
    for (let cuts = 0; cuts < 5; cuts++) {
      append(20);
      await received(page, count);
      for (const { connection } of clients()) connection.terminate();
      append(7);
      await received(page, count);
    }
    await system.server.stop();
    await page.getByText('Disconnected.').waitFor();
    append(30);
    await system.startServer();
    await received(page, count);
    append(3);
    await received(page, count);
    expect(await countOf(page, 'missed')).toBe(0);
  });

  it('says that certificates may be missing when the server no longer has the place', async () => {
    const listen_port = await freePort();
    await start({ webserver: { listen_port } });
    const page = await openLive();
    publish('before.example');
    await page.getByText('before.example').waitFor();
    await system.server.stop();
    await system.startServer();
    await system.following();
    await system.eventually(() => clients().size === 1, 'the page');
    publish('after.example');
    await page.getByText('after.example').waitFor();
    expect(await page.locator('[data-count="missed"]').textContent()).toBe('0 or more');
  });
});

describe.skipIf(command === undefined)('access', () => {
  it('asks for the token, and sends it with every request', async () => {
    await start({ auth: { tokens: [{ name: 'browser', token: TOKEN }] } });
    const page = await browser.open(`${system.url}/#/live`);
    await page.locator('#token').fill('another-token-0123456789');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor();
    await page.locator('#token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await system.eventually(() => clients().size === 1, 'the page');
    publish('token.example');
    await page.getByText('token.example').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Download DER' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Logs' }).click();
    await page.getByText('1 log').waitFor();
    expect(page.url()).not.toContain(TOKEN);
    await page.reload();
    await page.getByText('1 log').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.locator('#token').waitFor();
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
  });
});
