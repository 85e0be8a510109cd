import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/testing/free-port.js';

/** Address and key of the log list. */
export interface LogListAddress {
  readonly logListUrl: string;
  readonly publicKeyPem: string;
}

/** Files that all runs of a server share: configuration, state, log output. */
export interface ServerFiles {
  readonly folder: string;
  readonly configFile: string;
  readonly logFile: string;
  /** Positions in the format of the Go server. */
  readonly indexFile: string;
  readonly port: number;
}

/** Large queues. On a busy machine the checking client falls behind for a moment, and dropped messages would look like lost entries. */
const PATIENCE = { general: { websocket: 100_000 }, stream: { max_buffered_bytes: 268_435_456 } };

/**
 * Creates a folder with a configuration that follows the logs of a simulator, resumes after restarts and serves metrics.
 * @param name prefix of the folder name
 * @param sections additional keys by section
 */
export async function prepareServer(
  logList: LogListAddress,
  name: string,
  sections: Readonly<Record<string, object>> = {},
): Promise<ServerFiles> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const port = await freePort();
  const key = join(folder, 'log-list-key.pem');
  const indexFile = join(folder, 'ct_index.json');
  const configFile = join(folder, 'config.yaml');
  const listener = { listen_addr: '127.0.0.1', listen_port: port };
  const base: Record<string, object> = {
    webserver: listener,
    prometheus: { enabled: true, ...listener },
    general: { recovery: { enabled: true, ct_index_file: indexFile }, buffer_sizes: PATIENCE.general },
    stream: PATIENCE.stream,
    log_list: { url: logList.logListUrl, public_key_path: key, cache_file: join(folder, 'log_list.json') },
  };
  base['journal'] = { path: join(folder, 'journal') };
  const names = [...new Set([...Object.keys(base), ...Object.keys(sections)])];
  const config = Object.fromEntries(
    names.map((section) => [section, mergedSection(base[section], sections[section])]),
  );
  writeFileSync(key, logList.publicKeyPem);
  writeFileSync(configFile, JSON.stringify(config));
  return { folder, configFile, logFile: join(folder, 'server.log'), indexFile, port };
}

function mergedSection(base: object | undefined, given: object | undefined): object {
  return Array.isArray(given) ? given : { ...base, ...given };
}
