import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { copyCheck } from '../../config/checked-config.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { RunningServer } from '../../start-server.js';
import { DemoPrinter } from '../demo-printer.js';
import { withListenPort } from '../replaced-keys.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { runUntilSignal } from '../run-until-signal.js';

export interface DemoOptions extends LoadOptions {
  /** Entries per second over both logs. */
  readonly rate: number;
  readonly port?: number;
  /** Whether the certificates are not printed. */
  readonly quiet: boolean;
}

interface DemoSource {
  readonly logListUrl: string;
  readonly logListSignatureUrl: string;
}

/**
 * Runs the server on simulated logs. It leaves the user's files alone, such as position files, the journal and the cached log list, and
 * the cluster of the configuration. Outputs get the simulated entries, as the text for the user says.
 */
export async function demo(options: DemoOptions): Promise<void> {
  const { config: loaded, source, warnings, imports } = await loadForCommand(options);
  const config = withListenPort(loaded, options.port);
  await runUntilSignal(async () => {
    const { startDemoSimulator } = await import('../../simulator/demo-logs.js');
    const { runServer } = await import('../run-server.js');
    const folder = await mkdtemp(join(tmpdir(), 'certstream-demo-'));
    const simulator = await startDemoSimulator({ entriesPerSecond: options.rate });
    const clean = async () => {
      await simulator.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    try {
      await writeFile(join(folder, 'log-list-key.pem'), simulator.publicKeyPem);
      const demoConfiguration = demoConfig(config, simulator, folder);
      const server = await runServer(demoConfiguration, { source, warnings: [...warnings], imports });
      const logs = simulator.logs.map((log) => log.url);
      process.stdout.write(banner(server.url, demoConfiguration, options.rate, logs));
      if (!options.quiet) await printCertificates(server);
      return {
        async stop() {
          try {
            await server.stop();
          } finally {
            await clean();
          }
        },
      };
    } catch (error) {
      await clean();
      throw error;
    }
  });
}

/** Prints the certificates of a server from now on. */
async function printCertificates({ app }: RunningServer): Promise<void> {
  const { CertificateFeed } = await import('../../feed/certificate-feed.js');
  const printer = new DemoPrinter(process.stdout);
  app.get(CertificateFeed).entries$.subscribe((entry) => printer.print(() => entry.message()));
}

/** Returns `config` with simulated logs only, alone and with its files in `folder`. Their log list is verified like the real one. */
function demoConfig(config: CertstreamConfig, simulator: DemoSource, folder: string): CertstreamConfig {
  const { general } = config;
  const changed: CertstreamConfig = {
    ...config,
    general: {
      ...general,
      disable_default_logs: false,
      additional_logs: [],
      additional_tiled_logs: [],
      excluded_logs: [],
      recovery: { ...general.recovery, enabled: false },
    },
    log_list: {
      ...config.log_list,
      url: simulator.logListUrl,
      signature_url: simulator.logListSignatureUrl,
      verify_signature: true,
      public_key_path: join(folder, 'log-list-key.pem'),
      cache_file: join(folder, 'log-list-cache.json'),
    },
    ct_log: { ...config.ct_log, poll_interval_seconds: 1, evidence_dir: '' },
    journal: { ...config.journal, path: join(folder, 'journal') },
    cluster: { ...config.cluster, servers: [], role: 'all' },
  };
  return copyCheck(changed, config);
}

/** Text that shows the user where to connect. */
function banner(
  url: string,
  { webserver, outputs }: CertstreamConfig,
  rate: number,
  logs: readonly string[],
): string {
  const sockets = url.replace(/^http/, 'ws').replace(/\/+$/, '');
  const pages = url.replace(/\/+$/, '');
  return [
    '',
    `DEMO: simulated data, about ${rate} entries per second from two logs that run in this process.`,
    'No certificate in it is real, and nothing is fetched from the internet.',
    '',
    ...(webserver.dashboard
      ? [`  dashboard        ${pages}${webserver.dashboard_path}   (open it in a browser)`]
      : []),
    `  lite stream      ${sockets}${webserver.lite_url}`,
    `  full stream      ${sockets}${webserver.full_url}`,
    `  domain names     ${sockets}${webserver.domains_only_url}`,
    `  newest entries   ${pages}/latest.json`,
    ...logs.map(
      (log) => `  simulated log    ${log}   (npx certstream-server-nest pick --log ${log} --cert 0)`,
    ),
    ...(outputs.length > 0
      ? [
          '',
          `These outputs of the configuration get the simulated certificates: ${outputs.map(({ name }) => name).join(', ')}`,
        ]
      : []),
    '',
    'Stop it with Ctrl-C.',
    '',
    '',
  ].join('\n');
}
