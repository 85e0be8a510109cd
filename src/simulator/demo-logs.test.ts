import { describe, expect, it } from 'vitest';
import { startDemoSimulator } from './demo-logs.js';

describe('startDemoSimulator', () => {
  it('lists one log of each kind, both growing', async () => {
    const simulator = await startDemoSimulator({
      entriesPerSecond: 200,
      headIntervalMs: 20,
      certificates: 20,
    });
    try {
      const [first, second] = simulator.logs;
      expect([first?.options.protocol, second?.options.protocol]).toEqual(['rfc6962', 'static-ct']);
      const list = (await (await fetch(simulator.logListUrl)).json()) as {
        operators: { logs: unknown[]; tiled_logs: unknown[] }[];
      };
      expect(list.operators.map(({ logs, tiled_logs }) => [logs.length, tiled_logs.length])).toEqual([
        [1, 1],
      ]);
      await Promise.all(simulator.logs.map((log) => log.waitForHead(2)));
      for (const log of simulator.logs) expect(log.head.treeSize).toBeGreaterThanOrEqual(2);
    } finally {
      await simulator.close();
    }
  });
});
