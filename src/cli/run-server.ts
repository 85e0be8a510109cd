import { config as rxjs, filter, scan, take } from 'rxjs';
import type { CertstreamConfig } from '../config/config-schema.js';
import type { RunningServer, StartServerOptions } from '../start-server.js';
import { withLateDateFormats } from './late-date-formats.js';
import { endStartPhase, letHotCodeBeOptimised } from './start-flags.js';

/** Entries after which a server counts as busy. */
const BUSY_AFTER_ENTRIES = 1_000;
/** Time in which the reader of the log may take the lines about a start that failed. */
const TIME_FOR_LOG_MS = 5_000;

/**
 * Loads and starts the application. The process must run nothing else, since this function changes its V8 flags.
 * @throws the errors of `startServer`.
 */
export async function runServer(
  config: CertstreamConfig,
  options: StartServerOptions,
): Promise<RunningServer> {
  const [{ startServer }, { CertificateFeed }, { AppLogger }, { doNotWaitForTerminal }] =
    await withLateDateFormats(() =>
      Promise.all([
        import('../start-server.js'),
        import('../feed/certificate-feed.js'),
        import('../logging/app-logger.js'),
        import('../logging/log-writer.js'),
      ]),
    );
  doNotWaitForTerminal(process.stdout);
  doNotWaitForTerminal(process.stderr);
  const logger = options.logger ?? new AppLogger(config.log);
  // Without this, RxJS throws the error of a subscriber in a timer, where it would end the process.
  rxjs.onUnhandledError = (error) =>
    logger.error('a subscriber of an observable failed', error, 'Certstream');
  const server = await startServer(config, { ...options, logger }).catch(endAfterFailure);
  endStartPhase();
  server.app
    .get(CertificateFeed)
    .batches$.pipe(
      scan((entries, { count }) => entries + count, 0),
      filter((entries) => entries >= BUSY_AFTER_ENTRIES),
      take(1),
    )
    .subscribe(letHotCodeBeOptimised);
  return server;
}

/** A log that nothing reads would keep the process alive after its start has failed. @throws error */
function endAfterFailure(error: unknown): never {
  setTimeout(() => process.exit(), TIME_FOR_LOG_MS).unref();
  throw error;
}
