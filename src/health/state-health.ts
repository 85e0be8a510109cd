import {
  type HealthContribution,
  HealthIndicator,
  type HealthReport,
} from '../discovery/health-indicator.js';
import { isoTime } from '../kernel/iso-time.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { CertstreamError } from '../kernel/certstream-error.js';

/** The saved positions as `/readyz` shows them. */
export interface StateHealthReport extends HealthReport {
  readonly detail?: {
    readonly positions: {
      /** When they were last saved, ISO 8601; null before the first time. */
      readonly saved_at: string | null;
      /** Code of the error of the last save; null if it succeeded. The text is left out, because `/readyz` needs no token. */
      readonly error: string | null;
    };
  };
}

/** Is ready unless the positions cannot be saved. Without `recovery.enabled`, `/readyz` does not mention them. */
@HealthIndicator()
export class StateHealth implements HealthContribution {
  constructor(private readonly states: LogStateStore) {}

  health(): StateHealthReport {
    const { isEnabled, stats, unsaved } = this.states;
    if (!isEnabled) return { name: 'positions', ready: true };
    return {
      name: 'positions',
      ready: unsaved === undefined,
      detail: {
        positions: {
          saved_at: isoTime(stats.lastSaveAt),
          error: unsaved === undefined ? null : unsaved instanceof CertstreamError ? unsaved.code : 'UNKNOWN',
        },
      },
    };
  }
}
