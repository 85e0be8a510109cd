import type { CtLogClient } from '../client/ct-log-client.js';
import type { ExtraDataGuard } from './extra-data-guard.js';
import type { LogState } from '../state/log-state.js';
import type { EntryDelivery } from './entry-delivery.js';
import type { FlightShare } from '../scheduling/flight-share.js';
import { PlainDelivery } from './plain-delivery.js';
import { EnforcingDelivery } from './enforcing-delivery.js';
import type { EntryOutput } from './streamed-entries.js';
import { VerificationReports, type VerificationReportsOptions } from './verification-reports.js';
import { VerifyingDelivery } from './verifying-delivery.js';

/** `ct_log.verification`. */
export type VerificationMode = 'off' | 'warn' | 'enforce';

export interface DeliveryOptions extends EntryOutput, VerificationReportsOptions {
  readonly client: CtLogClient;
  /** Not asked with `off`. */
  readonly extraData: ExtraDataGuard;
  /** What an earlier run left. */
  readonly start: LogState;
  /** What `change` names belongs together. */
  readonly save: (change: LogState) => void;
  /** Most entries that `enforce` holds back. */
  readonly maxHeld: number;
  /** What all logs together may hold back with `enforce`, of which they take half. */
  readonly budget: FlightShare;
}

/** What becomes of the entries of one log. */
export function createDelivery(mode: VerificationMode, options: DeliveryOptions): EntryDelivery {
  const { start, save } = options;
  if (mode === 'off') {
    // What was proven once says nothing of what is streamed from now on.
    const onPosition = (next: number): void => save({ next, verified: undefined, range: undefined });
    return new PlainDelivery({
      ...options,
      start: start.next,
      onPosition,
      onNewHead: (head) => save({ head }),
    });
  }
  const reports = new VerificationReports(options);
  return mode === 'enforce'
    ? new EnforcingDelivery({ ...options, reports })
    : new VerifyingDelivery({ ...options, reports });
}
