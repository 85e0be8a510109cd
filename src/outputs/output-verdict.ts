import { durationText, isRecent, timeText, type VerdictLevel } from '../kernel/verdict.js';
import type { RegisteredOutput } from './outputs.js';

/** A failure that lasts longer is a problem for the operator. An ordinary restart of a broker is shorter. */
const SHORT_FAILURE_MS = 60_000;
/** A record that waits for less time, apart from the time for which it waits for others, is no backlog. */
const USUAL_WAIT_SECONDS = 60;

export const OUTPUT_VERDICT_CODES = ['idle', 'delivering', 'backlog', 'failing'] as const;

/** Where an output stands, in words. */
export interface OutputVerdict {
  readonly level: VerdictLevel;
  readonly code: (typeof OUTPUT_VERDICT_CODES)[number];
  /** For people, without a full stop, such as "catching up, the oldest entry waits for about 5 minutes". */
  readonly text: string;
}

/** The facts of an output that its verdict depends on. */
export interface VerdictFacts extends Pick<RegisteredOutput, 'stats' | 'backlog'> {
  readonly output: Pick<RegisteredOutput['output'], 'lingerMs'>;
}

/** @param now milliseconds since the epoch. */
export function outputVerdict({ output, stats, backlog }: VerdictFacts, now: number): OutputVerdict {
  const { failingSince, lastAcknowledgedAt, lastFailure } = stats;
  if (failingSince > 0) {
    const level = isRecent(failingSince, now, SHORT_FAILURE_MS) ? 'busy' : 'bad';
    const code = lastFailure === undefined ? '' : ` (${lastFailure.code})`;
    return { level, code: 'failing', text: `fails since ${timeText(failingSince, now)}${code}` };
  }
  const seconds = (now - (backlog.oldestTime ?? now)) / 1000;
  if (seconds > USUAL_WAIT_SECONDS + (output.lingerMs ?? 0) / 1000) {
    const wait = durationText(seconds);
    return { level: 'busy', code: 'backlog', text: `catching up, the oldest entry waits for ${wait}` };
  }
  if (lastAcknowledgedAt === 0 && backlog.records === 0)
    return { level: 'good', code: 'idle', text: 'waiting for entries' };
  return { level: 'good', code: 'delivering', text: 'delivering' };
}
