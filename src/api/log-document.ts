import type { LogReport } from '../ct-log/following/log-report.js';
import { millisecondsOf } from '../kernel/iso-time.js';

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

export function logDocument(report: LogReport): LogDocument {
  const { name, url, operator, entries, errors } = report;
  const lastEntryAt = millisecondsOf(entries.last_at);
  return {
    name,
    url,
    operator,
    status: statusOf(report),
    current_index: report.streamed_index ?? 0,
    tree_size: report.tree_size,
    total_errors: errors,
    last_success: lastEntryAt === null ? null : Math.floor(lastEntryAt / 1000),
  };
}

function statusOf({ state, rates, head, verification }: LogReport): LogDocument['status'] {
  if (state === 'failing' || state === 'stopped') return 'unhealthy';
  const isLate = rates.falling_behind || head?.stale === true;
  return state === 'starting' || isLate || verification.state === 'broken' ? 'degraded' : 'healthy';
}
