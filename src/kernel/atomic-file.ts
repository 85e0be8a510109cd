import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Of this process alone: another process may replace the same file. */
const TEMPORARY = `.${randomUUID().slice(0, 8)}.tmp`;

/** Replaces a file as a whole: after a crash or a loss of power the path holds the old or the new text, never half of one. */
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
 * Removes the temporary files of processes that were killed while they replaced the file. Only for a process that is the
 * only one to replace it.
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

/** Makes a rename or a new file durable, where the file system can: some (and Windows) cannot open a folder. */
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
