/**
 * Makes the pictures of docs/images: each page of the dashboard while 1,000 entries per second arrive, in light and dark colours.
 *
 *   npm run screenshots [-- --seconds 200]
 *
 * The logs are simulated: one limits its requests, one does not answer. The pictures are best with the fonts Inter and JetBrains Mono
 * (Debian: fonts-inter, fonts-jetbrains-mono).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/testing/free-port.js';
import { TestSystem } from '../src/testing/test-system.js';
import { findChromium } from '../test/support/chromium.js';
import { DashboardBrowser } from '../test/support/dashboard-browser.js';
import { readArguments } from './support/arguments.js';
import { ServerProcess } from './support/server-process.js';

const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));
const PAGES = ['live', 'logs', 'clients', 'system'];
const LOGS = [
  ['Aspen', 'Birch2026h2', 'rfc6962'],
  ['Aspen', 'Birch2027h1', 'static-ct'],
  ['Borealis', 'Comet2026h2', 'rfc6962'],
  ['Borealis', 'Comet2027h1', 'static-ct'],
  ['Cedarwood', 'Larch2026', 'rfc6962'],
  ['Delta Trust', 'Estuary2026', 'rfc6962'],
] as const;
/** All logs grow at the same rate. Four of the six keep up when the pictures are made, and bring 1,000 entries per second. */
const ENTRIES_PER_SECOND = 1500;

const { seconds } = readArguments({ seconds: 200 });
const command = findChromium();
if (command === undefined) {
  console.error(
    'no chromium on the path; install it (Debian: apt-get install chromium) or name it in CHROMIUM',
  );
  process.exit(2);
}

const system = await TestSystem.prepare({
  logs: LOGS.map(([operator, name, protocol]) => ({
    name: name.toLowerCase(),
    operator,
    description: `${operator} '${name}'`,
    protocol,
    keepEntries: 100_000,
  })),
  config: () => ({
    ct_log: { poll_interval_seconds: 1 },
    log: { level: 'warn' },
    outputs: [{ name: 'archive', type: 'file', path: join(system.folder, 'archive') }],
  }),
});
const port = await freePort();
const server = await ServerProcess.start(system.configFile(port), port, join(system.folder, 'server.log'));
system.url = server.url;
const browser = await DashboardBrowser.start(command);
try {
  await system.following();
  system.simulator.startGrowth({ entriesPerSecond: ENTRIES_PER_SECOND });
  await Promise.all(
    ['/', '/full-stream', '/domains-only', '/?domain=com'].map((path) => system.connect(path)),
  );
  const limited = system.simulator.log('larch2026');
  limited.faults.add({
    kind: 'status',
    status: 429,
    headers: { 'Retry-After': '30' },
    endpoint: 'get-entries',
  });
  await delay((seconds * 1000) / 2);
  system.simulator.log('estuary2026').faults.add({ kind: 'stall', afterBytes: 0, endpoint: '*' });
  await delay((seconds * 1000) / 2);
  mkdirSync(IMAGES, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    const viewport = { width: 1200, height: 750 };
    const page = await browser.open(`${system.url}/#/live`, { colorScheme, viewport });
    for (const name of PAGES) {
      await page.goto(`${system.url}/#/${name}`);
      await page.locator('tbody tr, .certificates li:nth-child(9), .chart canvas').first().waitFor();
      // The counts and charts of a page come a moment after its first content.
      await delay(4000);
      await page.screenshot({ path: join(IMAGES, `dashboard-${name}-${colorScheme}.png`) });
      console.log(`docs/images/dashboard-${name}-${colorScheme}.png`);
    }
    await page.context().close();
  }
} finally {
  await browser.close();
  await server.stop();
  await system.close();
}
