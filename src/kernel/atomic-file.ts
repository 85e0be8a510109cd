import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Suffix of the temporary files of this process. Another process that replaces the same file uses another suffix. */
const TEMPORARY = `.${randomUUID().slice(0, 8)}.tmp`;

/** Replaces a file as a whole: after a crash or a power failure, the file contains either the old or the new text. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = path + TEMPORARY;
  try {
    await writeDurably(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Removes the temporary files of processes that were killed while they replaced the file. Call it only if no other process
 * replaces the file.
 */
export async function removeTemporaries(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith('.tmp'));
  for (const name of left) await rm(join(folder, name), { force: true }).catch(() => undefined);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename or a new file durable, if possible. On Windows and some file systems, a folder cannot be opened. */
export async function syncFolder(path: string): Promise<void> {
  let folder;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } catch {
    return;
  } finally {
    await folder?.close();
  }
}
