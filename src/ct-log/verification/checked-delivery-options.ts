import type { CtLogClient } from '../client/ct-log-client.js';
import type { ExtraDataGuard } from './extra-data-guard.js';
import type { LogState } from '../state/log-state.js';
import type { EntryOutput } from './streamed-entries.js';
import type { VerificationReports } from './verification-reports.js';

/** What a delivery that verifies needs. */
export interface CheckedDeliveryOptions extends EntryOutput {
  readonly client: CtLogClient;
  readonly reports: VerificationReports;
  /** Holds what comes with each leaf against it. */
  readonly extraData: Pick<ExtraDataGuard, 'admit'>;
  /** What an earlier run left. */
  readonly start: LogState;
  /** Called behind every step; what `change` names belongs together. */
  readonly save: (change: LogState) => void;
}
