import { CompactRange } from '../client/merkle/compact-range.js';
import type { LogState } from '../state/log-state.js';

/** What an earlier run left, as far as it fits together. */
export interface ResumedRanges {
  /** The last tree that was proven. */
  readonly proven: CompactRange | undefined;
  /** The tree of [0, next). */
  readonly range: CompactRange | undefined;
}

export function resumedRanges({ next, verified, range: hashes }: LogState): ResumedRanges {
  if (next === undefined) return { proven: undefined, range: undefined };
  const proven =
    verified !== undefined && verified.size <= next ? rangeOf(verified.size, verified.hashes) : undefined;
  if (next === 0) return { proven, range: new CompactRange() };
  const range = hashes && rangeOf(next, hashes);
  return { proven, range: range ?? (proven?.size === next ? proven.clone() : undefined) };
}

function rangeOf(size: number, hashes: readonly Buffer[]): CompactRange | undefined {
  try {
    return CompactRange.of(size, hashes);
  } catch {
    // A file that somebody edited: verification begins anew, from proofs of the log.
    return undefined;
  }
}
