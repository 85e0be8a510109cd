import type { FaultKind } from './fault-kinds.js';
import type { FaultHandle, FaultSet } from './faults.js';

/** Failures that occur in any network from time to time. None of them changes the content of an entry. */
export const EVERYDAY_FAILURES: readonly FaultKind[] = [
  { kind: 'status', status: 429 },
  { kind: 'status', status: 429, retryAfter: 2 },
  { kind: 'status', status: 503, retryAfter: { dateIn: 2 } },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 404 },
  { kind: 'html' },
  { kind: 'truncate' },
  { kind: 'stall' },
  { kind: 'reset' },
  { kind: 'reset', afterBytes: 300 },
  { kind: 'disconnect' },
  { kind: 'content-length', delta: 100 },
  { kind: 'delay', ms: 3000 },
];

/** Random failures of some logs. */
export interface RandomFailures {
  /** Returns the number of failed requests by kind of fault. */
  counts(): Record<string, number>;
  end(): void;
}

/**
 * Makes each request to one of the logs fail with a probability of `share`, with a random kind of fault, until
 * `end()`.
 */
export function addRandomFailures(
  logs: readonly { readonly faults: FaultSet }[],
  share: number,
  kinds: readonly FaultKind[] = EVERYDAY_FAILURES,
): RandomFailures {
  const handles = logs.flatMap((log) =>
    kinds.map((kind) => log.faults.add({ ...kind, endpoint: '*', probability: share / kinds.length })),
  );
  return {
    counts: () => countsOf(handles),
    end: () => handles.forEach((handle) => handle.remove()),
  };
}

function countsOf(handles: readonly FaultHandle[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { spec, count } of handles) {
    const name = spec.kind === 'status' ? String(spec.status) : spec.kind;
    counts[name] = (counts[name] ?? 0) + count;
  }
  return counts;
}
