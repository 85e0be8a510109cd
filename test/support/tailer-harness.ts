import { ProblemLog } from '../../src/logging/problem-log.js';
import type { ContradictionError } from '../../src/ct-log/reporting/contradiction.js';
import { LogCounters } from '../../src/ct-log/reporting/log-counters.js';
import { LogReporter } from '../../src/ct-log/reporting/log-reporter.js';
import { LogStatus } from '../../src/ct-log/reporting/log-status.js';
import { LogTailer, type LogTailerOptions } from '../../src/ct-log/following/log-tailer.js';
import { EntryPublisher, type EntryPublisherOptions } from '../../src/ct-log/verification/entry-publisher.js';
import { PlainDelivery } from '../../src/ct-log/verification/plain-delivery.js';
import { CatchUpRate } from '../../src/ct-log/following/backlog.js';
import { logRequests } from './log-requests.js';
import type { CtLog } from '../../src/ct-log/client/ct-log.js';
import { FAKE_SOURCE, type FakeCtLog } from './fake-ct-log.js';
import { logFigures } from './log-figures.js';
import type { VirtualClock } from './virtual-clock.js';

const log = { source: FAKE_SOURCE, configured: false };
const tailers: LogTailer[] = [];

export async function stopTailers(): Promise<void> {
  await Promise.all(tailers.splice(0).map((tailer) => tailer.stop()));
}

/** Starts a tailer and records what it does. */
export function follow(
  client: FakeCtLog,
  clock: VirtualClock,
  options: Partial<LogTailerOptions & EntryPublisherOptions & { start: number }> = {},
) {
  const counters = new LogCounters();
  const status = new LogStatus();
  const published: number[] = [];
  const slices: number[] = [];
  const positions: number[] = [];
  const lines: string[] = [];
  const gaps: { from: number; to: number; reason: string }[] = [];
  const write = (message: string): void => void lines.push(message);
  const publisher = new EntryPublisher({
    counters,
    status,
    clock,
    publish: (batch) => {
      slices.push(batch.count);
      published.push(...batch.timestamps);
    },
    ...options,
  });
  const delivery = new PlainDelivery({
    status,
    publisher,
    start: { next: options.start },
    save: ({ next }) => next !== undefined && positions.push(next),
  });
  const problems = new ProblemLog(
    { log: write, warn: write },
    { now: () => clock.time, after: (ms, callback) => clock.after(ms, callback) },
  );
  const found: ContradictionError[] = [];
  const evidence = {
    keep: async (_log: CtLog, error: ContradictionError) => {
      found.push(error);
      return undefined;
    },
  };
  const tailer = new LogTailer({
    client,
    delivery,
    counters,
    status,
    reporter: new LogReporter({ log, counters, status, problems, evidence, clock }),
    clock,
    catchUp: new CatchUpRate(0, clock),
    requests: logRequests({ clock }),
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
  return {
    tailer,
    delivery,
    stats: logFigures(counters, status),
    published,
    slices,
    positions,
    lines,
    gaps,
    found,
  };
}
