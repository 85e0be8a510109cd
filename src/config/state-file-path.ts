import { basename, dirname, join } from 'node:path';

interface RecoveryFiles {
  readonly state_file: string;
  readonly ct_index_file: string;
}

/** `general.recovery.state_file`, or the one that belongs to `ct_index_file`: `ct_state.json` to `ct_index.json`. */
export function stateFilePath({ state_file: path, ct_index_file: indexPath }: RecoveryFiles): string {
  if (path !== '') return path;
  const name = basename(indexPath);
  const renamed = name.replace('index', 'state');
  return join(dirname(indexPath), renamed === name ? `${name.replace(/\.json$/, '')}.state.json` : renamed);
}
