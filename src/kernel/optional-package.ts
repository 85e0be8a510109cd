import type { CertstreamError } from './certstream-error.js';
import { messageOf } from './certstream-error.js';

/** Packages that only some configurations need, with the versions that are tested. */
export const OPTIONAL_PACKAGES = {
  '@platformatic/kafka': '1.35.0',
  '@nats-io/transport-node': '3.4.0',
  '@nats-io/jetstream': '3.4.0',
  '@opentelemetry/api': '1.9.0',
  '@opentelemetry/resources': '2.12.0',
  '@opentelemetry/sdk-metrics': '2.12.0',
  '@opentelemetry/sdk-trace-base': '2.12.0',
  '@opentelemetry/exporter-metrics-otlp-http': '0.223.0',
  '@opentelemetry/exporter-metrics-otlp-proto': '0.223.0',
  '@opentelemetry/exporter-trace-otlp-http': '0.223.0',
  '@opentelemetry/exporter-trace-otlp-proto': '0.223.0',
} as const;

export type OptionalPackage = keyof typeof OPTIONAL_PACKAGES;

/**
 * Loads packages that the user installs.
 * @param load `() => import('<name>')`
 * @param failed makes the error. `problem` ends the sentence "X needs packages", with the command that installs them.
 */
export async function loadPackages<T>(
  names: readonly OptionalPackage[],
  load: () => Promise<T>,
  failed: (problem: string, cause: unknown) => CertstreamError,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const problem = isMissing ? 'that are not installed' : `that cannot be loaded (${messageOf(cause)})`;
    const install = names.map((name) => `${name}@${OPTIONAL_PACKAGES[name]}`).join(' ');
    throw failed(`${problem}; run: npm install ${install}`, cause);
  }
}
