import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ServedLogs {
  readonly listUrl: string;
  readonly publicKeyPem: string;
}

/** Writes a configuration to `folder` that follows simulated logs and keeps all files in `folder`. @returns its path. */
export function writeServerConfig(
  folder: string,
  { listUrl, publicKeyPem }: ServedLogs,
  port: number,
  ctLog: object = {},
): string {
  const key = join(folder, 'log-list-key.pem');
  writeFileSync(key, publicKeyPem);
  const file = join(folder, 'config.yaml');
  const config = {
    webserver: { listen_addr: '127.0.0.1', listen_port: port },
    general: { recovery: { enabled: true, ct_index_file: join(folder, 'ct_index.json') } },
    log_list: { url: listUrl, public_key_path: key, cache_file: join(folder, 'log_list.json') },
    ct_log: ctLog,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
