import { describe, expect, it } from 'vitest';
import type { DashboardHistory } from '../../../src/dashboard/dashboard-data.js';
import { mergedHistory } from './history.js';

function history(
  times: readonly number[],
  logs: Readonly<Record<string, readonly number[]>> = {},
): DashboardHistory {
  const values = times.map((time) => time / 1000);
  const of = Object.entries(logs).map(([url, sizes]) => [url, { tree_size: sizes, streamed_index: sizes }]);
  return {
    server: {
      interval_ms: 10_000,
      times_ms: times,
      entries_per_second: values,
      head_to_feed_p50: values,
      head_to_feed_p99: values,
      feed_to_socket_p50: values,
      feed_to_socket_p99: values,
      cpu: values,
      event_loop_utilization: values,
      rss_bytes: values,
    },
    logs: {
      interval_ms: 60_000,
      times_ms: times,
      of: Object.fromEntries(of) as DashboardHistory['logs']['of'],
    },
  };
}

describe(mergedHistory, () => {
  it('adds new samples to older ones', () => {
    const both = mergedHistory(history([1000, 2000], { a: [1, 2] }), history([3000], { a: [3] }));
    expect(both).toEqual(history([1000, 2000, 3000], { a: [1, 2, 3] }));
  });

  it('keeps the older samples if there are no new ones', () => {
    const older = history([1000, 2000], { a: [1, 2] });
    expect(mergedHistory(older, history([], { a: [] }))).toEqual(older);
  });

  it('drops samples that are older than an hour, and those that both have', () => {
    const both = mergedHistory(history([1000, 2000, 3_601_500]), history([3_601_500, 3_601_600]));
    expect(both.server.times_ms).toEqual([2000, 3_601_500, 3_601_600]);
    expect(both.server.cpu).toEqual([2, 3601.5, 3601.6]);
  });

  it('has the logs that are followed now, with nothing where they were not', () => {
    const both = mergedHistory(history([1000], { gone: [1] }), history([2000], { new: [5] }));
    expect(Object.keys(both.logs.of)).toEqual(['new']);
    expect(both.logs.of['new'].tree_size).toEqual([null, 5]);
  });
});
