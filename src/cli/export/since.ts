import { setTimeout as delay } from 'node:timers/promises';

import type { CtLogClient } from '../../ct-log/client/ct-log-client.js';
import { CtLogError } from '../../ct-log/client/ct-log-error.js';
import { UsageError } from '../usage-error.js';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RFC3339 = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?$/;
/** Tries to read one entry. */
const TRIES = 5;
const PAUSE_MS = 500;

/**
 * Parses a time: RFC 3339, a date (midnight UTC), Unix seconds, or a time before now such as `-90m` (`s`, `m`, `h`, `d`).
 * @returns milliseconds since the epoch.
 * @throws UsageError
 */
export function parseTime(text: string, now: number): number {
  const [, amount, unit] = /^-(\d{1,9}(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (unit !== undefined) return now - Number(amount) * UNITS[unit];
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const time = RFC3339.test(text) ? Date.parse(text.replace(' ', 'T')) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(
    `--since ${JSON.stringify(text)} is not a time; use for example 2026-01-31T12:00:00Z, Unix seconds, or -90m`,
  );
}

/**
 * Finds the first entry with a timestamp from `time` on by binary search. A log may merge entries up to its maximum merge delay after
 * their timestamp, so entries near the result can be out of order.
 * @param time milliseconds since the epoch.
 * @returns `treeSize` when all entries are older.
 * @throws CtLogError
 */
export async function firstIndexSince(
  client: Pick<CtLogClient, 'getEntries'>,
  treeSize: number,
  time: number,
  signal: AbortSignal,
): Promise<number> {
  let low = 0;
  let high = treeSize;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const readable = await firstReadable(client, middle, high, treeSize, signal);
    if (readable === undefined || readable.timestamp >= time) high = middle;
    else low = readable.index + 1;
  }
  return low;
}

/** Returns the first entry in [from, to) whose timestamp can be read. */
async function firstReadable(
  client: Pick<CtLogClient, 'getEntries'>,
  from: number,
  to: number,
  treeSize: number,
  signal: AbortSignal,
): Promise<{ index: number; timestamp: number } | undefined> {
  for (let index = from; index < to; index++) {
    const timestamp = await timestampOf(client, index, treeSize, signal);
    if (timestamp > 0) return { index, timestamp };
  }
  return undefined;
}

async function timestampOf(
  client: Pick<CtLogClient, 'getEntries'>,
  index: number,
  treeSize: number,
  signal: AbortSignal,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      const { timestamps } = await client.getEntries(index, index + 1, treeSize, signal);
      return timestamps[0];
    } catch (error) {
      if (!(error instanceof CtLogError) || tries === TRIES || signal.aborted) throw error;
      await delay(Math.max(PAUSE_MS * tries, error.retryAfterMs ?? 0), undefined, { signal });
    }
  }
}
