import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { UsageError } from './usage-error.js';

/** Returns the absolute path of a file to write. @throws UsageError if it cannot be written, or exists and `force` is false. */
export function newFile(written: string, force: boolean): string {
  const path = resolve(written);
  if (!existsSync(dirname(path))) throw new UsageError(`${path}: the folder does not exist`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${path} is a folder; name the file in it`);
  }
  if (existsSync(path) && !force) throw new UsageError(`${path} already exists; use --force to overwrite it`);
  return path;
}
