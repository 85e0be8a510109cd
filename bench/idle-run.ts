/**
 * Measures the cost of many logs without new entries.
 *
 *   npm run bench:idle -- --logs 70 --minutes 3 [--resign 60]
 *
 * Half of the logs are RFC 6962, half static-ct. Each signs a new head every --resign seconds (0: never) without new
 * entries. The exit code is 1 if the server needs 1 % of a core or more, or more than one request per poll.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { readArguments } from './support/arguments.js';
import { FleetRun } from './support/fleet-run.js';
import type { FleetReport } from './support/log-fleet.js';

const MAX_CPU_PERCENT = 1;
const SETTLE_MS = 30_000;
/** Counters by status in a report. The same requests are also counted by endpoint. */
const BY_STATUS = ['not-modified', 'rate-limited'];
const options = readArguments({ logs: 70, minutes: 3, resign: 60 });

function pollsOf({ requests }: FleetReport): number {
  return (requests['get-sth'] ?? 0) + (requests['checkpoint'] ?? 0);
}

function answersOf({ requests }: FleetReport): number {
  return Object.entries(requests).reduce(
    (sum, [name, count]) => sum + (BY_STATUS.includes(name) ? 0 : count),
    0,
  );
}

async function main(): Promise<void> {
  const tiled = Math.floor(options.logs / 2);
  const quiet = { entriesPerSecond: 0, headIntervalMs: Math.max(1, options.resign) * 1000 };
  const run = await FleetRun.start({
    name: 'idle',
    groups: [
      { name: 'rfc', count: options.logs - tiled, protocol: 'rfc6962', ...quiet },
      { name: 'tiled', count: tiled, protocol: 'static-ct', ...quiet },
    ],
    clients: ['lite'],
  });
  try {
    if (options.resign > 0) await run.fleet.send({ do: 'grow' });
    // The start, with compilation and first polls, is not measured.
    await delay(SETTLE_MS);
    const before = {
      report: await run.fleet.send({ do: 'report' }),
      usage: run.server.usage(),
      at: Date.now(),
    };
    await delay(options.minutes * 60_000);
    const after = {
      report: await run.fleet.send({ do: 'report' }),
      usage: run.server.usage(),
      at: Date.now(),
    };
    const seconds = (after.at - before.at) / 1000;
    const cpu = ((after.usage.cpuSeconds - before.usage.cpuSeconds) * 100) / seconds;
    const polls = pollsOf(after.report) - pollsOf(before.report);
    const requests = answersOf(after.report) - answersOf(before.report);
    const unchanged =
      (after.report.requests['not-modified'] ?? 0) - (before.report.requests['not-modified'] ?? 0);
    console.log(
      `${options.logs} idle logs for ${seconds.toFixed(0)} s: ${cpu.toFixed(2)} % of a core, ${after.usage.residentMb.toFixed(0)} MB`,
    );
    console.log(
      `${polls} polls (one per log every ${((seconds * options.logs) / polls).toFixed(1)} s), ${(requests / polls).toFixed(3)} requests per poll, ${((unchanged * 100) / polls).toFixed(0)} % answered with 304`,
    );
    if (cpu >= MAX_CPU_PERCENT || requests > polls) process.exitCode = 1;
    await run.stopServer();
  } finally {
    await run.close();
  }
}

await main();
