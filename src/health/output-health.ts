import {
  type HealthContribution,
  HealthIndicator,
  type HealthReport,
} from '../discovery/health-indicator.js';
import { isoTime } from '../kernel/iso-time.js';
import { Outputs, type RegisteredOutput } from '../outputs/outputs.js';

/** A required output that has failed for longer makes the server not ready. An ordinary restart of a broker is shorter. */
const REQUIRED_FAILING_MS = 60_000;

/** The outputs as `/readyz` shows them. */
export interface OutputHealthReport extends HealthReport {
  readonly detail?: { readonly outputs: readonly OutputCondition[] };
}

interface OutputCondition {
  readonly name: string;
  readonly required: boolean;
  /** Since when it fails, ISO 8601; null while it works. */
  readonly failing_since: string | null;
  /** Code of the last error while it fails. The text is left out, because `/readyz` needs no token. */
  readonly error: string | null;
}

/** Is ready unless a required output has failed for a minute. Without outputs, `/readyz` does not mention them. */
@HealthIndicator()
export class OutputHealth implements HealthContribution {
  constructor(private readonly outputs: Outputs) {}

  health(): OutputHealthReport {
    const outputs = this.outputs.registered();
    const ready = !outputs.some(isDown);
    return {
      name: 'outputs',
      ready,
      ...(outputs.length > 0 && { detail: { outputs: outputs.map(condition) } }),
    };
  }
}

function isDown({ output, stats: { failingSince } }: RegisteredOutput): boolean {
  return output.required === true && failingSince > 0 && Date.now() - failingSince > REQUIRED_FAILING_MS;
}

function condition({ output, stats: { failingSince, lastFailure } }: RegisteredOutput): OutputCondition {
  const isFailing = failingSince > 0;
  return {
    name: output.name,
    required: output.required === true,
    failing_since: isoTime(failingSince),
    error: isFailing ? (lastFailure?.code ?? null) : null,
  };
}
