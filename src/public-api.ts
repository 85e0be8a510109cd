/**
 * The stable interface for modules that extend the server. Everything else may change without notice.
 */
/** `AppModule` is the former name; both are the same class. */
export { CertstreamModule, CertstreamModule as AppModule } from './certstream.module.js';
export { CertstreamError } from './kernel/certstream-error.js';
export { runUntilSignal } from './cli/run-until-signal.js';
export { CertificateBatch } from './certificate/certificate-batch.js';
export { CertificateEntry } from './certificate/certificate-entry.js';
export type {
  CertificateUpdate,
  DnsEntries,
  LeafCert,
  LogProtocol,
} from './certificate/certificate-message.js';
export type { DialectName } from './certificate/dialects/dialect.js';
export type { LogSource, RecordKind } from './certificate/entry-batch.js';
export type { RenderedTexts, StreamKind } from './certificate/rendered-texts.js';
export { type ConfigInput, defineConfig } from './config/checked-config.js';
export {
  CERTSTREAM_CONFIG,
  type CertstreamAsyncOptions,
  CertstreamConfigModule,
} from './config/config.module.js';
export {
  authConfig,
  type ConfigSectionDefinition,
  ctLogConfig,
  defineConfigSection,
  generalConfig,
  journalConfig,
  logConfig,
  logListConfig,
  prometheusConfig,
  streamConfig,
  webserverConfig,
} from './config/config-namespace.js';
export type { CertstreamConfig } from './config/config-schema.js';
export { type LoadedConfig, loadConfig, type LoadOptions } from './config/load-config.js';
export { type HealthContribution, HealthIndicator, type HealthReport } from './discovery/health-indicator.js';
export {
  type Labels,
  type MetricContribution,
  type MetricDefinition,
  MetricSource,
  type Report,
} from './discovery/metric-source.js';
export { configureCertstream } from './configure-certstream.js';
/** `CtLogModule` is the former name; both are the same class. */
export { IngestModule, IngestModule as CtLogModule } from './ct-log/ingest.module.js';
export { type FollowedLog, TailingService } from './ct-log/following/tailing.service.js';
export { type RunningServer, startServer, type StartServerOptions } from './start-server.js';
/** `CertificateStream` is the former name; both are the same class. */
export { CertificateFeed, CertificateFeed as CertificateStream } from './feed/certificate-feed.js';
export type { UnavailableEntries } from './feed/journal/entry-journal.js';
export { FeedModule } from './feed/feed.module.js';
export { Public, RequiresStream } from './web/auth/route-access.js';
export type { CertificateOutput, OutputRecord } from './outputs/certificate-output.js';
export { Outputs, type RegisteredOutput } from './outputs/outputs.js';
export { OutputsModule } from './outputs/outputs.module.js';
export { StreamModule } from './stream/stream.module.js';
