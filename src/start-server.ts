import 'reflect-metadata';
import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Logger, type LoggerService, type ModuleMetadata, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { CertstreamModule } from './certstream.module.js';
import { trustConfig } from './config/checked-config.js';
import type { CertstreamConfig } from './config/config-schema.js';
import { CERTSTREAM_CONFIG, logNotice } from './config/config.module.js';
import { reloadedWithinOpenFiles } from './config/open-file-limits.js';
import { configureCertstream } from './configure-certstream.js';
import { LogStateStore } from './ct-log/state/log-state-store.js';
import { TailingService } from './ct-log/following/tailing.service.js';
import { MetricsRegistry } from './metrics/metrics-registry.js';
import { Telemetry } from './telemetry/telemetry.js';
import { telemetrySettings } from './telemetry/telemetry-settings.js';
import { AppLogger } from './logging/app-logger.js';
import { reloadConfig } from './reload-config.js';
import { openFileLimit } from './kernel/open-files.js';
import { packageJson } from './kernel/package-json.js';
import { tlsOptions } from './web/listener.js';
import { TlsCertificates } from './web/tls/tls-certificates.js';
import { UnknownPageFilter } from './web/unknown-page.filter.js';
import { UnixSocket } from './web/unix-socket.js';
import { listenError } from './web/web-error.js';

export interface StartServerOptions {
  /** Origin of the configuration, for the log. */
  readonly source?: string;
  /** Warnings about the configuration, for the log. */
  readonly warnings?: readonly string[];
  /** Modules to run inside the server; they may inject `CertificateFeed`. */
  readonly imports?: ModuleMetadata['imports'];
  /** Default: an {@link AppLogger} with the settings of `config.log`. */
  readonly logger?: LoggerService;
}

export interface RunningServer {
  readonly app: NestExpressApplication;
  /** Base URL for clients on this machine, without trailing slash. Without TCP: `http+unix://<encoded path>`. */
  readonly url: string;
  /**
   * Stops fetching, sends the entries that have arrived, closes clients with 1001 and saves the positions. Idempotent.
   * If the positions could not be saved, it rejects at the end with a StateFileError.
   */
  stop(): Promise<void>;
  /**
   * Changes a running server: tokens, whitelist, origins, rates and numbers of connections. Reads the TLS files again. Logs the keys that
   * it changed, and the keys whose change needs a restart.
   * @param config a complete, checked configuration.
   */
  reload(config: CertstreamConfig): Promise<void>;
}

/**
 * Starts the whole server. Installs no signal handlers.
 * @throws WebError if the server cannot listen, StateFileError if the position file is damaged, TelemetryError if the
 * environment asks for OpenTelemetry in a way that cannot be met.
 */
export async function startServer(
  wanted: CertstreamConfig,
  options: StartServerOptions = {},
): Promise<RunningServer> {
  const started = trustConfig(wanted);
  const logger = options.logger ?? new AppLogger(started.log);
  const settings = telemetrySettings(process.env);
  const telemetry = settings && (await Telemetry.load(settings));
  const tls = await tlsOptions(started.webserver, started.webserver.limits);
  const httpsOptions = tls as NestApplicationOptions['httpsOptions'];
  // The server itself reads no bodies. Controllers of modules may need them.
  const bodyParser = (options.imports ?? []).length > 0;
  const app = await NestFactory.create<NestExpressApplication>(
    CertstreamModule.forRoot(started, options.imports),
    new ExpressAdapter(),
    { logger, httpsOptions, abortOnError: false, bodyParser, forceCloseConnections: true },
  );
  const config = app.get<CertstreamConfig>(CERTSTREAM_CONFIG, { strict: false });
  let stopping: Promise<void> | undefined;
  const log = new Logger('Certstream');
  const stop = (): Promise<void> => (stopping ??= stopApp(app, log, telemetry));
  const metrics = app.get(MetricsRegistry, { strict: false });
  metrics.isExported = settings?.metrics !== undefined;
  log.log(`certstream-server-nest ${packageJson().version} on Node ${process.version}`);
  log.log(`configuration: ${options.source ?? 'passed to startServer'}`);
  for (const warning of options.warnings ?? []) log.warn(warning);
  try {
    configureCertstream(app);
    app.useGlobalFilters(new UnknownPageFilter(app.getHttpAdapter(), config));
    app.get(TlsCertificates).watch('webserver', config.webserver, app.getHttpServer() as HttpsServer, tls);
    await listen(app, config);
    telemetry?.start(() => metrics.collect());
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  const url = baseUrl(app.getHttpServer(), config);
  const { lite_url: lite, full_url: full, domains_only_url: domains, sse_url: sse } = config.webserver;
  if (config.cluster.role === 'ingest') log.log(`pages at ${url}, without streams (cluster.role: ingest)`);
  else log.log(`streams at ${url.replace('http', 'ws')}`, { full, lite, domains, sse });
  const { dashboard, dashboard_path: page } = config.webserver;
  if (dashboard && !url.startsWith('http+unix:')) log.log(`dashboard at ${url}${page}`);
  const { listen_socket: path, listen_tcp: hasTcp } = config.webserver;
  if (path !== '' && hasTcp) log.log(`also listening on the UNIX socket ${JSON.stringify(path)}`);
  app.get(TailingService).start();
  let last = started;
  const reload = async (next: CertstreamConfig): Promise<void> => {
    const reloaded = reloadedWithinOpenFiles(next, config, openFileLimit());
    await reloadConfig(app, { started, last }, next, reloaded.config);
    logNotice(reloaded);
    last = next;
  };
  return { app, url, stop, reload };
}

async function stopApp(
  app: NestExpressApplication,
  log: Logger,
  telemetry: Telemetry | undefined,
): Promise<void> {
  const positions = app.get(LogStateStore);
  await app.close();
  await telemetry?.stop();
  if (positions.unsaved !== undefined) throw positions.unsaved;
  log.log('stopped');
}

/** Listens on TCP, on a UNIX socket, or on both. */
async function listen(app: NestExpressApplication, config: CertstreamConfig): Promise<void> {
  const { listen_addr: address, listen_port: port, listen_tcp: hasTcp } = config.webserver;
  try {
    // Nest passes its first argument on to `Server.listen`. Workers of node:cluster would share the port without `exclusive`.
    const where = { port, host: address, exclusive: true } as unknown as number;
    await (hasTcp ? app.listen(where) : app.init());
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === undefined
      ? error
      : listenError('webserver', address, port, error);
  }
  await app.get(UnixSocket).open(app.getHttpServer());
}

function baseUrl(server: Server, { webserver }: CertstreamConfig): string {
  const bound = server.address() as AddressInfo | string;
  if (typeof bound === 'string') return `http+unix://${encodeURIComponent(bound)}`;
  const { address, port } = bound;
  const scheme = webserver.cert_path === '' ? 'http' : 'https';
  const anywhere = address === '0.0.0.0' || address === '::';
  const host = anywhere ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  return `${scheme}://${host}:${port}`;
}
