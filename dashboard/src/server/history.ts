import type { DashboardHistory } from '../../../src/dashboard/dashboard-data.js';

const WINDOW_MS = 3_600_000;

type Samples = Readonly<Record<string, readonly (number | null)[]>>;

/** Returns the samples of `older` and `newer` of the last hour. Samples that both have are those of `newer`. */
export function mergedHistory(
  older: DashboardHistory | undefined,
  newer: DashboardHistory,
): DashboardHistory {
  if (older === undefined) return newer;
  const { interval_ms, ...server } = newer.server;
  const { interval_ms: _interval, ...olderServer } = older.server;
  const logs = plan(older.logs.times_ms, newer.logs.times_ms);
  const series = Object.entries(newer.logs.of).map(([url, samples]) => {
    const before = older.logs.of[url] ?? {};
    return [url, merged(before, samples, logs)];
  });
  return {
    server: {
      interval_ms,
      ...(merged(olderServer, server, plan(older.server.times_ms, newer.server.times_ms)) as typeof server),
    },
    logs: {
      interval_ms: newer.logs.interval_ms,
      times_ms: merged({ times_ms: older.logs.times_ms }, { times_ms: newer.logs.times_ms }, logs)[
        'times_ms'
      ] as number[],
      of: Object.fromEntries(series) as DashboardHistory['logs']['of'],
    },
  };
}

/** The samples of the older part to keep: from `from` on, `kept` of them. */
interface Plan {
  readonly from: number;
  readonly kept: number;
}

function plan(older: readonly number[], newer: readonly number[]): Plan {
  const end = older.findIndex((time) => newer.length > 0 && time >= newer[0]);
  const to = end === -1 ? older.length : end;
  const last = newer.at(-1) ?? older.at(-1) ?? 0;
  const begin = older.findIndex((time) => time > last - WINDOW_MS);
  const from = begin === -1 ? to : Math.min(begin, to);
  return { from, kept: to - from };
}

function merged(older: Samples, newer: Samples, { from, kept }: Plan): Samples {
  return Object.fromEntries(
    Object.entries(newer).map(([name, samples]) => {
      const before = older[name]?.slice(from, from + kept) ?? Array<null>(kept).fill(null);
      return [name, [...before, ...samples]];
    }),
  );
}
