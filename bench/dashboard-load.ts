/**
 * Measures the Live page of the dashboard in a real browser while certificates arrive. It prints the CPU time and the memory of the tab's
 * process, and what the page counted, every ten seconds and at the end.
 *
 *   npm run dashboard-load -- --rate 3000 --minutes 10
 *
 * Logs, server and browser are processes of their own. The memory is the private one, which the task manager of Chromium shows. The run
 * fails above half a core or 150 MB on average, and when the page missed certificates.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { findChromium } from '../test/support/chromium.js';
import { countOf, DashboardBrowser } from '../test/support/dashboard-browser.js';
import { readArguments } from './support/arguments.js';
import { tabUsage } from './support/tab-usage.js';
import { prepareServer } from './support/server-files.js';
import { ServerProcess } from './support/server-process.js';
import { SimulatedLogs } from './support/simulated-logs.js';

const LOGS = 6;
const SAMPLE_MS = 10_000;
const WARM_UP_MS = 10_000;
const MAX_CPU = 0.5;
const MAX_MB = 150;

const options = readArguments({ rate: 3000, minutes: 10 });
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
  const first = await tabUsage(page);
  let before = first;
  const memory: number[] = [];
  for (const end = Date.now() + options.minutes * 60_000; Date.now() < end;) {
    await delay(Math.min(SAMPLE_MS, Math.max(0, end - Date.now())));
    const now = await tabUsage(page);
    memory.push(now.privateMb);
    const [received, shown, missed] = await Promise.all(
      ['received', 'shown', 'missed'].map((name) => countOf(page, name)),
    );
    const cpu = (now.cpuSeconds - before.cpuSeconds) / (now.atSeconds - before.atSeconds);
    console.log(
      `CPU ${(cpu * 100).toFixed(1)} % of a core, memory ${now.privateMb.toFixed(0)} MB, JavaScript heap ${now.heapMb.toFixed(0)} MB, ` +
        `received ${received}, shown ${shown}, missed ${missed}`,
    );
    before = now;
  }
  const cpu = (before.cpuSeconds - first.cpuSeconds) / (before.atSeconds - first.atSeconds);
  const mean = memory.reduce((sum, each) => sum + each, 0) / memory.length;
  const missed = await countOf(page, 'missed');
  console.log(
    `tab over ${options.minutes} min: CPU ${(cpu * 100).toFixed(1)} % of a core (limit ${MAX_CPU * 100} %), ` +
      `memory ${mean.toFixed(0)} MB on average, ${Math.max(...memory).toFixed(0)} MB at most (limit ${MAX_MB} MB), missed ${missed}`,
  );
  if (cpu > MAX_CPU || mean > MAX_MB || missed > 0 || browser.faults.length > 0) {
    console.error(['FAILED', ...browser.faults].join('\n'));
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await server.stop();
  await logs.stop();
  rmSync(files.folder, { recursive: true, force: true });
}
