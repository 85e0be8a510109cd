import { setTimeout as delay } from 'node:timers/promises';
import type { EntryJournal, JournaledLog } from '../../feed/journal/entry-journal.js';
import { messageOf } from '../../kernel/certstream-error.js';
import type { ProblemLog } from '../../logging/problem-log.js';
import { type CtLog, logKey } from '../client/ct-log.js';
import type { LogState } from '../state/log-state.js';
import type { LogStateStore } from '../state/log-state-store.js';

const OPEN_AGAIN_MS = 1000;

/** The right of a member of a cluster to append the entries of a log. */
export interface LogOwnership extends Required<Pick<JournaledLog, 'isOwned' | 'onFenced'>> {
  /** Called when the journal is prepared. */
  readonly onOpened: () => void;
  /** Called after each try that failed. */
  readonly onOpenFailed: () => void;
}

export interface OpenLogOptions {
  /** Of a member of a cluster. */
  readonly ownership: LogOwnership | undefined;
  /** Whether the log begins anew at its head, although the journal may hold entries of it. */
  readonly isNew: boolean;
  readonly isWanted: () => boolean;
}

/** Where a log is followed. */
export interface LogStart {
  readonly state: LogState;
  /** Index before which the journal of a cluster holds all entries of the log, or knows that they were left out; else 0. */
  readonly held: number;
}

export interface OpenLogParts {
  readonly journal: Pick<EntryJournal, 'open'>;
  readonly states: Pick<LogStateStore, 'resume' | 'placeOf' | 'joinJournal'>;
  readonly problems: Pick<ProblemLog, 'report' | 'resolved'>;
}

/**
 * Prepares the journal for the entries of a log, and finds the state from which the log is followed. While the journal is unavailable, it
 * tries again.
 * @returns undefined if the log is no longer wanted.
 */
export async function openLog(
  { journal, states, problems }: OpenLogParts,
  log: CtLog,
  { ownership, isNew, isWanted }: OpenLogOptions,
): Promise<LogStart | undefined> {
  const { url, name } = log.source;
  const key = `open ${url}`;
  const { next } = states.resume(log);
  while (isWanted()) {
    let held;
    try {
      held = await journal.open({ url, key: logKey(log), ...ownership }, next, states.placeOf(log));
    } catch (error) {
      problems.report(key, `${name}: ${messageOf(error)}`);
      ownership?.onOpenFailed();
      await delay(OPEN_AGAIN_MS);
      continue;
    }
    if (!isWanted()) return undefined;
    problems.resolved(key);
    ownership?.onOpened();
    return { state: states.joinJournal(log, isNew ? undefined : held), held: isNew ? 0 : (held?.end ?? 0) };
  }
  return undefined;
}
