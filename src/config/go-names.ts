import { isDeepStrictEqual } from 'node:util';

import { type ConfigDraft, isTree } from './config-draft.js';

// Names and values that files of the Go server may contain and that the schema does not know.

/** Older names of keys: the path of the old name, and the last part of the new name in the same section. */
export const RENAMED_KEYS = [
  { path: ['general', 'buffer_sizes', 'broadcastmanager'], now: 'dispatcher' },
] as const;

export function applyGoNames(draft: ConfigDraft): void {
  for (const { path, now } of RENAMED_KEYS) renameKey(draft, path, now);
}

/** Deletes the values that the Go server replaces by its default: empty paths, buffer sizes below 1. */
export function dropEmptyGoValues(draft: ConfigDraft): void {
  for (const path of EMPTY_MEANS_DEFAULT) {
    if (draft.get(path) !== '') continue;
    draft.warn(path, 'is empty; the default is used');
    draft.delete(path);
  }
  dropNonPositiveSizes(draft);
}

const EMPTY_MEANS_DEFAULT = [
  ['webserver', 'full_url'],
  ['webserver', 'lite_url'],
  ['webserver', 'domains_only_url'],
  ['prometheus', 'metrics_url'],
  ['general', 'recovery', 'ct_index_file'],
] as const;

function renameKey(draft: ConfigDraft, path: readonly string[], now: string): void {
  const parent = draft.get(path.slice(0, -1));
  const old = path.at(-1)!;
  if (!isTree(parent) || !Object.hasOwn(parent, old)) return;
  if (Object.hasOwn(parent, now) && !isDeepStrictEqual(parent[now], parent[old])) {
    draft.problem(path, `is the older name of ${now} and has another value; keep only ${now}`);
  }
  parent[now] ??= parent[old];
  delete parent[old];
}

function dropNonPositiveSizes(draft: ConfigDraft): void {
  const sizes = draft.get(['general', 'buffer_sizes']);
  if (!isTree(sizes)) return;
  for (const [name, size] of Object.entries(sizes)) {
    if (
      !(typeof size === 'number' || (typeof size === 'string' && size.trim() !== '')) ||
      !(Number(size) <= 0)
    )
      continue;
    draft.warn(['general', 'buffer_sizes', name], `${size} is not a size; the default is used`);
    delete sizes[name];
  }
}
