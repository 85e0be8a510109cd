import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EntryBatch } from '../../src/certificate/entry-batch.js';
import { ExtraDataCheck } from '../../src/certificate/precertificate/extra-data-check.js';
import { ExtraDataGuard } from '../../src/ct-log/verification/extra-data-guard.js';
import type { LogState } from '../../src/ct-log/state/log-state.js';
import type { Clock } from '../../src/kernel/clock.js';
import { flightShare } from './flight-share.js';
import { LogProblems } from '../../src/ct-log/reporting/log-problems.js';
import { LogStats } from '../../src/ct-log/reporting/log-stats.js';
import { createDelivery } from '../../src/ct-log/verification/create-delivery.js';
import { EvidenceFolder } from '../../src/ct-log/verification/evidence-folder.js';
import { Findings } from '../../src/ct-log/verification/findings.js';
import { ProblemLog } from '../../src/logging/problem-log.js';
import { FAKE_SOURCE } from './fake-ct-log.js';
import type { MerkleLog } from './merkle-log.js';

const { signal } = new AbortController();
const log = { source: FAKE_SOURCE, configured: false };

/** Creates a delivery for a log, and functions that act like the tailer. */
export function deliverFrom(
  client: MerkleLog,
  start: LogState = {},
  mode: 'warn' | 'enforce' = 'warn',
  maxHeld = 512,
  budget = flightShare(),
) {
  const stats = new LogStats();
  const problems = new ProblemLog({ log: () => undefined, warn: () => undefined });
  const logProblems = new LogProblems(log, stats, problems);
  const evidence = new EvidenceFolder(
    join(tmpdir(), 'no', 'such', 'folder', '\0'),
    problems,
    () => undefined,
  );
  const published: number[] = [];
  const state = { time: 0, saved: start };
  const clock = { now: () => state.time, wallTime: () => 1 } as Clock;
  const check = new ExtraDataCheck();
  const leavesOut = mode === 'enforce';
  const extraData = new ExtraDataGuard({ check, stats, clock, leavesOut, problems: logProblems });
  const delivery = createDelivery(mode, {
    client,
    extraData,
    stats,
    clock,
    start,
    maxHeld,
    budget,
    problems: logProblems,
    findings: new Findings({ log, stats, problems: logProblems, evidence, clock }),
    publish: (batch: EntryBatch) => void published.push(...batch.timestamps),
    save: (change) => void (state.saved = { ...state.saved, ...change }),
  });
  const head = async (size = client.tree.size): Promise<void> => {
    await delivery.onHead(client.head(size), signal);
    await nextTurn();
    await nextTurn();
  };
  /** Fetches all wanted entries below `end` in pieces, like the tailer. */
  const fetch = async (end: number, wrong: readonly number[] = []): Promise<void> => {
    while (delivery.next! < end) {
      const from = delivery.next!;
      await delivery.deliver(client.batch(from, Math.min(end, from + 100), wrong), signal);
      await nextTurn();
    }
  };
  return { delivery, stats, published, state, head, fetch };
}
