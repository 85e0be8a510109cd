import { describe, expect, it } from 'vitest';
import { OutputStats } from './output-stats.js';
import { outputVerdict } from './output-verdict.js';

const NOW = Date.UTC(2026, 10, 30, 14, 2, 30);
const EMPTY = { records: 0, entries: 0, bytes: 0, oldestTime: undefined };
const waiting = (seconds: number) => ({ records: 1, entries: 1, bytes: 1, oldestTime: NOW - seconds * 1000 });
const stats = (change: Partial<OutputStats>) => Object.assign(new OutputStats(0), change);
const failed = (seconds: number) =>
  stats({
    failingSince: NOW - seconds * 1000,
    lastFailure: { code: 'ECONNREFUSED', message: 'refused', time: NOW },
  });

describe('the verdict of an output', () => {
  it.each([
    ['good idle', stats({}), EMPTY, 'waiting for entries'],
    ['good delivering', stats({}), waiting(5), 'delivering'],
    ['good delivering', stats({ lastAcknowledgedAt: NOW }), EMPTY, 'delivering'],
    [
      'busy backlog',
      stats({ lastAcknowledgedAt: NOW }),
      waiting(300),
      'catching up, the oldest entry waits for about 5 minutes',
    ],
    ['good delivering', stats({ lastAcknowledgedAt: NOW }), waiting(300), 'delivering', 300_000],
    ['bad failing', failed(-60), EMPTY, 'fails since 14:03 UTC (ECONNREFUSED)'],
    ['busy failing', failed(30), waiting(300), 'fails since 14:02 UTC (ECONNREFUSED)'],
    ['bad failing', failed(3600), waiting(3600), 'fails since 13:02 UTC (ECONNREFUSED)'],
  ])('is %s', (levelAndCode, figures, backlog, text, lingerMs?: number) => {
    const { level, code, text: said } = outputVerdict({ output: { lingerMs }, stats: figures, backlog }, NOW);
    expect([`${level} ${code}`, said]).toEqual([levelAndCode, text]);
  });
});
