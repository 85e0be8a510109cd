import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordKind } from '../../src/certificate/entry-batch.js';
import type { EntryVerification } from '../../src/certificate/certificate-message.js';
import { ExtraDataCheck } from '../../src/certificate/precertificate/extra-data-check.js';
import { ExtraDataGuard } from '../../src/ct-log/verification/extra-data-guard.js';
import type { LogState } from '../../src/ct-log/state/log-state.js';
import type { Clock } from '../../src/kernel/clock.js';
import { flightShare } from './flight-share.js';
import { EvidenceFolder } from '../../src/ct-log/reporting/evidence-folder.js';
import { LogCounters } from '../../src/ct-log/reporting/log-counters.js';
import { LogReporter } from '../../src/ct-log/reporting/log-reporter.js';
import { LogStatus } from '../../src/ct-log/reporting/log-status.js';
import { createDelivery } from '../../src/ct-log/verification/create-delivery.js';
import { EntryPublisher } from '../../src/ct-log/verification/entry-publisher.js';
import { ProblemLog } from '../../src/logging/problem-log.js';
import { FAKE_SOURCE } from './fake-ct-log.js';
import { logFigures } from './log-figures.js';
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
  const counters = new LogCounters();
  const status = new LogStatus();
  const problems = new ProblemLog({ log: () => undefined, warn: () => undefined });
  const evidence = new EvidenceFolder(
    join(tmpdir(), 'no', 'such', 'folder', '\0'),
    problems,
    () => undefined,
  );
  const published: number[] = [];
  const kinds: RecordKind[] = [];
  const verifications: EntryVerification[] = [];
  const state = { time: 0, saved: start };
  const clock = { now: () => state.time, wallTime: () => 1 } as Clock;
  const reporter = new LogReporter({ log, counters, status, problems, evidence, clock });
  const publisher = new EntryPublisher({
    counters,
    status,
    clock,
    publish: (batch, kind) => {
      published.push(...batch.timestamps);
      kinds.push(...Array.from(batch.timestamps, () => kind));
      verifications.push(...Array.from(batch.timestamps, () => batch.verification));
    },
  });
  const parts = { client, counters, status, reporter, publisher, clock };
  const extraData = new ExtraDataGuard({
    ...parts,
    check: new ExtraDataCheck(),
    leavesOut: mode === 'enforce',
  });
  const delivery = createDelivery(mode, {
    ...parts,
    extraData,
    start,
    maxHeld,
    budget,
    save: (change) => void (state.saved = { ...state.saved, ...change }),
  });
  const head = async (size = client.tree.size): Promise<void> => {
    await delivery.onHead(client.head(size), signal);
    await nextTurn();
    await nextTurn();
  };
  /** Fetches all wanted entries below `end` in pieces, like the tailer. */
  const fetch = async (end: number, wrong: readonly number[] = []): Promise<void> => {
    while (delivery.wantedIndex! < end) {
      const from = delivery.wantedIndex!;
      await delivery.deliver(client.batch(from, Math.min(end, from + 100), wrong), signal);
      await nextTurn();
    }
  };
  return {
    delivery,
    stats: logFigures(counters, status),
    published,
    kinds,
    /** The verification that each published entry had. */
    verifications,
    state,
    head,
    fetch,
  };
}
