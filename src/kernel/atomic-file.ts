import { randomUUID } from 'node:crypto';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { notRegular } from './bounded-file.js';

/** Suffix of the temporary files of this process. Another process that replaces the same file uses another suffix. */
const TEMPORARY = `.${randomUUID().slice(0, 8)}.tmp`;
/** Links to links that are followed, as in Linux. */
const MAX_LINKS = 40;
const NEW_FILE_MODE = 0o644;

/**
 * Replaces a file as a whole: after a crash or a power failure, the file contains either the old or the new text. Links are
 * followed, so the file that a link names is replaced, and the link stays. The permissions of the file stay, too.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await linkTarget(path);
  const temporary = target.path + TEMPORARY;
  try {
    await writeDurably(temporary, text, target.mode);
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(target.path));
}

/**
 * Creates the folder of a file that {@link replaceFile} will replace, and checks that this is possible, with a temporary file.
 * @throws the error of the file system; EBUSY for a file that is a mount point of a container.
 */
export async function prepareReplacement(path: string): Promise<void> {
  const { path: target } = await linkTarget(path);
  await makeFolder(dirname(target));
  const temporary = target + TEMPORARY;
  try {
    await writeDurably(temporary, '', undefined);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
  if (await isMountPoint(target)) throw Object.assign(new Error('it is a mount point'), { code: 'EBUSY' });
}

/**
 * Creates a folder with its parents, if it does not exist. `mkdir` of Node with `recursive` never ends in a file system that
 * refuses new folders with ENOENT, such as /proc.
 * @throws the error of the file system.
 */
export async function makeFolder(path: string): Promise<void> {
  const create = () =>
    mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
      const found = error.code === 'EEXIST' ? await stat(path) : undefined;
      if (found?.isDirectory() !== true) throw error;
    });
  try {
    await create();
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent);
    await create();
  }
}

/**
 * Follows the links of a path. The last link may name a file that does not exist yet.
 * @returns the path of the file, and its permissions if it exists.
 * @throws Error if the path leads to something else than a regular file.
 */
export async function linkTarget(path: string): Promise<{ readonly path: string; readonly mode?: number }> {
  let at = resolve(path);
  for (let links = 0; links <= MAX_LINKS; links++) {
    const found = await lstat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return { path: at };
    if (found.isFile()) return { path: at, mode: found.mode & 0o777 };
    if (found.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    if (!found.isSymbolicLink()) throw notRegular();
    at = resolve(await realpath(dirname(at)), await readlink(at));
  }
  throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
}

/**
 * Removes the temporary files of processes that were killed while they replaced the file. Call it only if no other process
 * replaces the file.
 */
export async function removeTemporaries(path: string): Promise<void> {
  const target = await linkTarget(path).catch(() => ({ path }));
  const folder = dirname(target.path);
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => name.startsWith(`${basename(target.path)}.`) && name.endsWith('.tmp'));
  for (const name of left) await rm(join(folder, name), { force: true }).catch(() => undefined);
}

async function writeDurably(path: string, text: string, mode: number | undefined): Promise<void> {
  const file = await open(path, 'w', mode ?? NEW_FILE_MODE);
  try {
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether a single file is mounted at the path, as containers do. Only Linux says so. */
async function isMountPoint(path: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const real = await realpath(path).catch(() => path);
  const escaped = real.replaceAll(
    /[\s\\]/g,
    (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return mounts.split('\n').some((line) => line.split(' ')[4] === escaped);
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
