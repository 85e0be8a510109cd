import { basename, dirname, join } from 'node:path';

interface RecoveryFiles {
  readonly state_file: string;
  readonly ct_index_file: string;
}

/** `general.recovery.state_file`, or the file that belongs to `ct_index_file`: `ct_state.json` for `ct_index.json`. */
export function stateFilePath({ state_file: path, ct_index_file: indexPath }: RecoveryFiles): string {
  return path === '' ? besideIndex(indexPath, 'state') : path;
}

/** `general.recovery.issuer_file`, or the file that belongs to `ct_index_file`: `ct_issuers.json` for `ct_index.json`. */
export function issuerFilePath(files: {
  readonly issuer_file: string;
  readonly ct_index_file: string;
}): string {
  return files.issuer_file === '' ? besideIndex(files.ct_index_file, 'issuers') : files.issuer_file;
}

/** The file with the number of connected clients, which belongs to `ct_index_file`: `ct_clients.json` for `ct_index.json`. */
export function clientsFilePath({ ct_index_file: indexPath }: Pick<RecoveryFiles, 'ct_index_file'>): string {
  return besideIndex(indexPath, 'clients');
}

function besideIndex(indexPath: string, kind: string): string {
  const name = basename(indexPath);
  const renamed = name.replace('index', kind);
  return join(dirname(indexPath), renamed === name ? `${name.replace(/\.json$/, '')}.${kind}.json` : renamed);
}
