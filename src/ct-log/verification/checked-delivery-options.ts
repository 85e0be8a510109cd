import type { CtLogClient } from '../ct-log-client.js';
import type { LogState } from '../state/log-state.js';
import type { EntryOutput } from './streamed-entries.js';
import type { VerificationReports } from './verification-reports.js';

/** What a delivery that verifies needs. */
export interface CheckedDeliveryOptions extends EntryOutput {
  readonly client: CtLogClient;
  readonly reports: VerificationReports;
  /** What an earlier run left. */
  readonly start: LogState;
  /** Called behind every step; what `change` names belongs together. */
  readonly save: (change: LogState) => void;
}
