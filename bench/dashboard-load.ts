/**
 * Measures the Live page of the dashboard in a real browser while certificates arrive. It prints the rate that the page counted, the CPU time
 * of the tab and of the server, the memory of the tab, and the counts of the page, every ten seconds and at the end.
 *
 *   npm run dashboard-load -- --rate 3000 --seconds 600
 *
 * Logs, server and browser are processes of their own. The memory is the private one, which the task manager of Chromium shows. The run
 * fails above half a core or 150 MB on average, and when the page missed certificates.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { findChromium } from '../test/support/chromium.js';
import { countOf, countTextOf, DashboardBrowser } from '../test/support/dashboard-browser.js';
import { readArguments } from './support/arguments.js';
import { type TabUsage, tabUsage } from './support/tab-usage.js';
import { prepareServer } from './support/server-files.js';
import { ServerProcess } from './support/server-process.js';
import { SimulatedLogs } from './support/simulated-logs.js';

const LOGS = 6;
const SAMPLE_MS = 10_000;
const WARM_UP_MS = 10_000;
const MAX_CPU = 0.5;
const MAX_MB = 150;

const options = readArguments({ rate: 3000, seconds: 600 });
const command = findChromium();
if (command === undefined) {
  console.error(
    'no chromium on the path; install it (Debian: apt-get install chromium) or name it in CHROMIUM',
  );
  process.exit(2);
}

const logs = await SimulatedLogs.start({ logs: LOGS, staticCtLogs: 2, gzip: false, corpus: undefined });
const { listUrl: logListUrl, publicKeyPem } = logs.ready;
const files = await prepareServer({ logListUrl, publicKeyPem }, 'certstream-dashboard');
const server = await ServerProcess.start(files.configFile, files.port, files.logFile);
const browser = await DashboardBrowser.start(command);
try {
  const page = await browser.open(`${server.url}/#/live`);
  await page.locator('.connection.is-live').waitFor();
  await logs.grow(options.rate, 1000);
  await delay(WARM_UP_MS);
  const first = await measure(page);
  let before = first;
  const memory: number[] = [];
  for (const end = Date.now() + options.seconds * 1000; Date.now() < end;) {
    await delay(Math.min(SAMPLE_MS, Math.max(0, end - Date.now())));
    const now = await measure(page);
    memory.push(now.privateMb);
    console.log(
      `${rates(before, now)}, memory ${now.privateMb.toFixed(0)} MB, JavaScript heap ${now.heapMb.toFixed(0)} MB, ` +
        `received ${now.received}, shown ${now.shown}, missed ${now.missed}`,
    );
    before = now;
  }
  const mean = memory.reduce((sum, each) => sum + each, 0) / memory.length;
  const cpu = shareOf(first, before, 'cpuSeconds');
  console.log(
    `in ${options.seconds} s: ${rates(first, before)} (limit ${MAX_CPU * 100} %), memory ${mean.toFixed(0)} MB on average, ` +
      `${Math.max(...memory).toFixed(0)} MB at most (limit ${MAX_MB} MB), missed ${before.missed}`,
  );
  if (cpu > MAX_CPU || mean > MAX_MB || before.missed !== '0' || browser.faults.length > 0) {
    console.error(['FAILED', ...browser.faults].join('\n'));
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await server.stop();
  await logs.stop();
  rmSync(files.folder, { recursive: true, force: true });
}

interface Measurement extends TabUsage {
  readonly serverSeconds: number;
  readonly received: number;
  readonly shown: number;
  /** As the page writes it: `0 or more` is not 0. */
  readonly missed: string;
}

async function measure(page: Page): Promise<Measurement> {
  const [usage, received, shown, missed] = await Promise.all([
    tabUsage(page),
    countOf(page, 'received'),
    countOf(page, 'shown'),
    countTextOf(page, 'missed'),
  ]);
  return { ...usage, serverSeconds: server.usage().cpuSeconds, received, shown, missed };
}

/** Returns the growth of a figure per second. */
function shareOf(
  before: Measurement,
  now: Measurement,
  name: 'cpuSeconds' | 'serverSeconds' | 'received',
): number {
  return (now[name] - before[name]) / (now.atSeconds - before.atSeconds);
}

function rates(before: Measurement, now: Measurement): string {
  const percent = (name: 'cpuSeconds' | 'serverSeconds') => (shareOf(before, now, name) * 100).toFixed(1);
  return (
    `${shareOf(before, now, 'received').toFixed(0)}/s arrived, CPU of a core: tab ${percent('cpuSeconds')} %, ` +
    `server ${percent('serverSeconds')} %`
  );
}
