import type { FollowedLog } from '../ct-log/following/tailing.service.js';
import type { LogStatus } from '../ct-log/reporting/log-status.js';

/** One log in the answer of `/api/logs`: the keys of certstream-server-rust. `/logs` says more. */
export interface LogDocument {
  readonly name: string;
  readonly url: string;
  readonly operator: string;
  /**
   * `healthy`: it is followed. `degraded`: it starts, falls behind, has an old tree head, or its verification is broken. `unhealthy`: its
   * last request failed.
   */
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  /** All entries before this index were streamed. */
  readonly current_index: number;
  readonly tree_size: number;
  readonly total_errors: number;
  /** When the last entry was streamed, in Unix seconds; null before the first one. */
  readonly last_success: number | null;
}

export function logDocument({ log, counters, status }: FollowedLog): LogDocument {
  const { name, url, operator } = log.source;
  let errors = 0;
  for (const count of counters.errors.values()) errors += count;
  return {
    name,
    url,
    operator,
    status: statusOf(status),
    current_index: status.nextIndex ?? 0,
    tree_size: status.treeSize,
    total_errors: errors,
    last_success: status.lastEntryAt === 0 ? null : Math.floor(status.lastEntryAt / 1000),
  };
}

function statusOf({ state, fallingBehind, hasStaleHead, verification }: LogStatus): LogDocument['status'] {
  if (state === 'failing' || state === 'stopped') return 'unhealthy';
  const isDegraded = state === 'starting' || fallingBehind || hasStaleHead || verification === 'broken';
  return isDegraded ? 'degraded' : 'healthy';
}
