/**
 * Measures the time from the signed head of a log to the message at the client with the default polling, for busy logs and
 * for slow logs, whose pages and tiles stay partial.
 *
 *   npm run bench:latency -- --minutes 3 --busy 10 --slow 20
 *
 * --busy and --slow are numbers of logs, half of each protocol. A busy log grows by 50 entries per second, a slow log by one
 * entry in five seconds. Each publishes a head per second. The exit code is 1 if p50 is not below 2 s or p99 not below 10 s.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { readArguments } from './support/arguments.js';
import { FleetRun } from './support/fleet-run.js';
import { formatLatency, LatencyTracker } from './support/latency-tracker.js';
import type { FleetGroup } from './support/log-fleet.js';

const BUSY = 50;
const SLOW = 0.2;
const MAX_P50_MS = 2000;
const MAX_P99_MS = 10_000;
const SETTLE_MS = 30_000;
const options = readArguments({ minutes: 3, busy: 10, slow: 20 });

function groups(): FleetGroup[] {
  const kinds = ['rfc6962', 'static-ct'] as const;
  const speeds = [
    ['busy', BUSY, options.busy],
    ['slow', SLOW, options.slow],
  ] as const;
  return speeds.flatMap(([speed, entriesPerSecond, count]) =>
    kinds.map((protocol) => ({
      name: `${speed}-${protocol}-`,
      count: Math.ceil(count / 2),
      protocol,
      entriesPerSecond,
    })),
  );
}

async function main(): Promise<void> {
  const all = groups();
  const run = await FleetRun.start({ name: 'latency', groups: all, clients: ['lite'] });
  const [client] = run.clients;
  const tracker = new LatencyTracker();
  client.onEntry = tracker.onEntry;
  try {
    await run.fleet.send({ do: 'grow' });
    for (const end = Date.now() + options.minutes * 60_000; Date.now() < end; await delay(5000))
      tracker.addHeads((await run.fleet.send({ do: 'report' })).heads);
    tracker.addHeads((await run.fleet.send({ do: 'stop-growing' })).heads);
    const missing = await run.settle(client, SETTLE_MS);
    for (const { name } of all) {
      const summary = tracker.summary((url) => url.includes(`/${name}`));
      console.log(`${name.padEnd(16)} ${formatLatency(summary)}`);
      if (!(summary.p50 < MAX_P50_MS && summary.p99 < MAX_P99_MS)) process.exitCode = 1;
    }
    console.log(`${client.messages} messages, ${missing} entries missing`);
    if (missing > 0 || client.mistakes.length > 0) process.exitCode = 1;
    await run.stopServer();
  } finally {
    await run.close();
  }
}

await main();
