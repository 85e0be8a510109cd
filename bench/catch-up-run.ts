/**
 * Measures how fast the server catches up on one rate-limited log with a large backlog, how much memory that needs, and
 * whether entries of live logs are delayed by it.
 *
 *   npm run bench:catch-up -- --entries 1000000 --limit 20 [--burst 10] [--live 10] [--tiled]
 *
 * --entries is the backlog, --limit the number of requests per second that the log allows (256 entries each), and --burst the
 * number of requests that it allows at once. With --tiled it is a static-ct log. The --live logs grow by 20 entries per second
 * each. A prepared positions file creates the backlog. The exit code is 1 if entries were lost or memory grew.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readArguments } from './support/arguments.js';
import { FleetRun } from './support/fleet-run.js';
import { formatLatency, LatencyTracker } from './support/latency-tracker.js';
import type { FleetReport } from './support/log-fleet.js';
import { median } from './support/percentiles.js';

const PAGE = 256;
const LIVE_RATE = 20;
/** First index to stream. The positions file of the Go server has 0 for logs that were never reached. */
const FIRST = 1;
const SLOW_OPERATOR = 'Operator of the log behind';
const ALONE_MS = 60_000;
const SAMPLE_MS = 5000;
const SETTLE_MS = 60_000;
const LEVEL_MB = 60;
const options = readArguments({ entries: 1_000_000, limit: 20, burst: 10, live: 10, tiled: 0 });
const isBehind = ({ group }: { readonly group: string }): boolean => group === 'behind';

/** Returns a positions file of certstream-server-go, in which the log with the backlog begins at {@link FIRST}. */
function positions({ logs }: FleetReport): string {
  const next = logs.map((log) => [
    log.url.replace(/^https?:\/\//, ''),
    isBehind(log) ? FIRST : log.initialEntries,
  ]);
  return JSON.stringify(Object.fromEntries(next));
}

function start(): Promise<FleetRun> {
  const live = { protocol: 'rfc6962', entriesPerSecond: LIVE_RATE } as const;
  const initialEntries = options.entries + FIRST;
  return FleetRun.start({
    name: 'catch-up',
    groups: [
      {
        name: 'behind',
        operator: SLOW_OPERATOR,
        count: 1,
        protocol: options.tiled ? 'static-ct' : 'rfc6962',
        initialEntries,
        keepEntries: initialEntries,
        entriesPerSecond: 0,
        requestsPerSecond: options.limit,
        requestBurst: options.burst,
      },
      { ...live, name: 'sibling', count: 2, operator: SLOW_OPERATOR },
      { ...live, name: 'live-rfc', count: Math.ceil(options.live / 2) },
      { ...live, name: 'live-tiled', count: Math.floor(options.live / 2), protocol: 'static-ct' },
    ],
    clients: ['lite'],
    sections: { ct_log: { catch_up_entries_per_second: 0 } },
    prepare: ({ indexFile }, report) => writeFileSync(indexFile, positions(report)),
  });
}

async function main(): Promise<void> {
  const startedAt = Date.now();
  const run = await start();
  const [client] = run.clients;
  const tracker = new LatencyTracker();
  const isLive = (url: string): boolean => url.includes('/live-');
  const isSibling = (url: string): boolean => url.includes('/sibling');
  client.onEntry = (url, index) => {
    if (isLive(url) || isSibling(url)) tracker.onEntry(url, index);
  };
  try {
    const beganAt = Date.now();
    const { logs } = await run.fleet.send({ do: 'grow' });
    const behind = logs.find(isBehind)!;
    const got = (): number => (client.next.get(behind.url) ?? FIRST) - FIRST;
    console.log(
      `ready after ${((beganAt - startedAt) / 1000).toFixed(0)} s; second | entries | entries/s | MB`,
    );
    const memory: number[] = [];
    const since = got();
    let alreadyThere = since;
    let at = beganAt;
    // The server intentionally waits with entries at the end that do not fill a page.
    const inFullPages = options.entries - ((options.entries + FIRST) % PAGE);
    while (got() < inFullPages) {
      for (const until = Date.now() + SAMPLE_MS; Date.now() < until && got() < inFullPages;) await delay(50);
      if (got() >= inFullPages) break;
      tracker.addHeads((await run.fleet.send({ do: 'report' })).heads);
      memory.push(run.server.usage().residentMb);
      const rate = ((got() - alreadyThere) * 1000) / (Date.now() - at);
      alreadyThere = got();
      at = Date.now();
      console.log(
        `${((at - beganAt) / 1000).toFixed(0)} | ${alreadyThere} | ${rate.toFixed(0)} | ${memory.at(-1)?.toFixed(0)}`,
      );
      if (alreadyThere === since && at - beganAt > SETTLE_MS) throw new Error('the server does not catch up');
    }
    const endedAt = Date.now();
    const rate = ((got() - since) * 1000) / (endedAt - beganAt);
    const share = (100 * rate) / (options.limit * PAGE);
    const meanwhile = await run.fleet.send({ do: 'report' });
    tracker.addHeads(meanwhile.heads);
    const refusals = meanwhile.requests['rate-limited'] ?? 0;
    console.log(
      `${got()} entries at ${rate.toFixed(0)}/s, ${share.toFixed(0)} % of the ${options.limit * PAGE}/s that the log allows; ` +
        `${refusals} refusals, ${((refusals * 60_000) / (endedAt - beganAt)).toFixed(1)} per minute`,
    );
    await delay(ALONE_MS);
    tracker.addHeads((await run.fleet.send({ do: 'stop-growing' })).heads);
    const missing = await run.settle(client, SETTLE_MS);
    const isMeanwhile = (publishedAt: number): boolean => publishedAt >= beganAt && publishedAt < endedAt;
    for (const [who, isWanted] of [
      ['live logs of other operators', isLive],
      ['live logs of the same operator', isSibling],
    ] as const) {
      console.log(`${who} meanwhile:  ${formatLatency(tracker.summary(isWanted, isMeanwhile))}`);
      console.log(
        `${who} afterwards: ${formatLatency(tracker.summary(isWanted, (publishedAt) => publishedAt >= endedAt))}`,
      );
    }
    const half = Math.floor(memory.length / 2);
    const [early, late] = [median(memory.slice(0, half)), median(memory.slice(half))];
    console.log(
      half === 0
        ? 'memory: the run was too short to compare'
        : `memory, medians: ${early.toFixed(0)} MB in the first half, ${late.toFixed(0)} MB in the second`,
    );
    console.log(`${missing} entries missing, ${client.mistakes.length} out of order`);
    const isWhole = missing === 0 && client.mistakes.length === 0 && client.first.get(behind.url) === FIRST;
    if (!isWhole || late > early + LEVEL_MB) process.exitCode = 1;
    await run.stopServer();
  } finally {
    await run.close();
  }
}

await main();
