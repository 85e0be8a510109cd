import { ProblemLog } from '../../src/logging/problem-log.js';
import { LogProblems } from '../../src/ct-log/reporting/log-problems.js';
import { LogStats } from '../../src/ct-log/reporting/log-stats.js';
import { LogTailer, type LogTailerOptions } from '../../src/ct-log/following/log-tailer.js';
import { PlainDelivery, type PlainDeliveryOptions } from '../../src/ct-log/verification/plain-delivery.js';
import { CatchUpRate } from '../../src/ct-log/following/catch-up-rate.js';
import { flightShare } from './flight-share.js';
import type { CtLog } from '../../src/ct-log/client/ct-log.js';
import type { Turn } from '../../src/ct-log/scheduling/paced-http.js';
import type { Finding } from '../../src/ct-log/verification/evidence.js';
import { Findings } from '../../src/ct-log/verification/findings.js';
import { FAKE_SOURCE, type FakeCtLog } from './fake-ct-log.js';
import type { VirtualClock } from './virtual-clock.js';

const log = { source: FAKE_SOURCE, configured: false };
const tailers: LogTailer[] = [];

/** A turn at a log with enough connections for all requests. */
export const FREE_TURN: Turn = {
  pause: () => undefined,
  resume: () => Promise.resolve(true),
  end: () => undefined,
};

export async function stopTailers(): Promise<void> {
  await Promise.all(tailers.splice(0).map((tailer) => tailer.stop()));
}

/** Starts a tailer and records what it does. */
export function follow(
  client: FakeCtLog,
  clock: VirtualClock,
  options: Partial<LogTailerOptions & PlainDeliveryOptions> = {},
) {
  const stats = new LogStats();
  const published: number[] = [];
  const slices: number[] = [];
  const positions: number[] = [];
  const lines: string[] = [];
  const gaps: { from: number; to: number; reason: string }[] = [];
  const write = (message: string): void => void lines.push(message);
  const delivery = new PlainDelivery({
    stats,
    clock,
    start: undefined,
    publish: (batch) => {
      slices.push(batch.count);
      published.push(...batch.timestamps);
    },
    onPosition: (next) => positions.push(next),
    onNewHead: () => undefined,
    ...options,
  });
  const problems = new LogProblems(
    log,
    stats,
    new ProblemLog({ log: write, warn: write }, { now: () => clock.time }),
  );
  const found: Finding[] = [];
  const evidence = {
    keep: async (_log: CtLog, finding: Finding) => {
      found.push(finding);
      return undefined;
    },
  };
  const tailer = new LogTailer({
    client,
    delivery,
    stats,
    problems,
    findings: new Findings({ log, stats, problems, evidence, clock }),
    clock,
    catchUp: new CatchUpRate(0, clock),
    pace: { isBacklog: false, turn: () => Promise.resolve(FREE_TURN) },
    budget: flightShare(),
    maxParallel: 1,
    maxBatch: 1000,
    pollIntervalMs: 5000,
    isSigned: true,
    startOver: () => undefined,
    rereadsPages: false,
    gapAfter: { tries: 10, minutes: 15 },
    addGap: (gap) => gaps.push(gap),
    ...options,
  });
  tailers.push(tailer);
  tailer.start();
  return { tailer, delivery, stats, published, slices, positions, lines, gaps, found };
}

/** Returns every index from `from` to `to - 1`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
