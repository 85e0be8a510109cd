import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { CertstreamConfig } from './config/config-schema.js';
import { MetricsListener } from './metrics/metrics-listener.js';
import { Admission } from './web/admission.js';
import { FixedRoutes } from './web/fixed-routes.js';
import { TlsCertificates } from './web/tls/tls-certificates.js';

/** The keys that a running server can change, those of {@link Admission.reload}. */
const RELOADABLE: ReadonlySet<string> = new Set([
  'auth.tokens',
  'webserver.whitelist',
  'webserver.allowed_origins',
  'webserver.allowed_hosts',
  'webserver.limits.max_connections',
  'webserver.limits.max_connections_per_address',
  'webserver.limits.handshakes_per_second',
  'webserver.limits.handshakes_per_second_per_address',
  'webserver.limits.requests_per_second_per_address',
]);

/**
 * Applies to a running application what has changed in its configuration, as far as possible, and logs it.
 * @param started the configuration with which it started.
 * @param last the configuration of the last reload.
 * @param possible `next`, cut to what the limit of open files allows.
 */
export async function reloadConfig(
  app: NestExpressApplication,
  { started, last }: Readonly<Record<'started' | 'last', CertstreamConfig>>,
  next: CertstreamConfig,
  possible: CertstreamConfig,
): Promise<void> {
  const log = new Logger('Reload');
  const applied = changedKeys(last, next).filter((key) => RELOADABLE.has(key));
  const ignored = changedKeys(started, next).filter((key) => !RELOADABLE.has(key));
  const closed = applied.length === 0 ? 0 : app.get(Admission).reload(possible);
  app.get(FixedRoutes).reload(next.webserver);
  app.get(MetricsListener).reload(next.webserver);
  await app.get(TlsCertificates).checkNow();
  log.log(
    applied.length === 0
      ? 'reloaded the configuration: nothing to change'
      : `reloaded the configuration: ${applied.join(', ')}`,
    ...(closed > 0 ? [{ closed }] : []),
  );
  if (ignored.length > 0) log.warn(`these changes need a restart: ${ignored.join(', ')}`);
}

/** Returns the names of the keys that differ, with dots. A list counts as one value. */
function changedKeys(one: unknown, other: unknown, path: readonly string[] = []): string[] {
  if (!isSection(one) || !isSection(other))
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [path.join('.')];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((name) => changedKeys(one[name], other[name], [...path, name]));
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
