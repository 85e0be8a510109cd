import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StateFileError } from './state-file-error.js';

/**
 * Tells our files from those of certstream-server-go, which ignores it like every log it does not follow. With it
 * a value is the last index that was streamed; without it, the next one to fetch: Go's `create-index` means
 * that, and where its runtime means the last one, one entry comes twice and none is lost.
 */
const MARKER = '_certstream_server_nest';
const VERSION = 1;
/** Stands for a log of which nothing was streamed yet: no last index can say that. */
const EMPTY_SUFFIX = '#empty';

/**
 * Next index to fetch by `logKey(log)`. No file = no positions. In Go's files 0 means that the log was never
 * reached, which is no position.
 * @throws StateFileError
 */
export async function readIndexFile(path: string): Promise<Map<string, number>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw new StateFileError('CT_INDEX_FILE_UNREADABLE', path, (error as Error).message, error);
  }
  return parsePositions(path, text);
}

/**
 * Writes `{"<url without scheme>": <last index>}`. After a crash there is the old file or the new one, never half.
 * @throws StateFileError (`CT_INDEX_FILE_UNWRITABLE`)
 */
export async function writeIndexFile(path: string, positions: ReadonlyMap<string, number>): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await replaceFile(path, temporary, formatPositions(positions));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new StateFileError('CT_INDEX_FILE_UNWRITABLE', path, (error as Error).message, error);
  }
}

async function replaceFile(path: string, temporary: string, text: string): Promise<void> {
  const file = await open(temporary, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

function parsePositions(path: string, text: string): Map<string, number> {
  const damaged = (reason: string, cause?: unknown): StateFileError =>
    new StateFileError('CT_INDEX_FILE_DAMAGED', path, reason, cause);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged('not JSON', error);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw damaged('not a JSON object');
  const { [MARKER]: version, ...values } = json as Record<string, unknown>;
  if (version !== undefined && version !== VERSION) throw damaged(`written by another version (${MARKER})`);
  const positions = new Map<string, number>();
  for (const [url, value] of Object.entries(values)) {
    const key = url.replace(/\/+$/, '');
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw damaged(`the value of "${url}" is not an index`);
    }
    if (version === undefined) {
      if (value > 0) positions.set(key, value);
    } else if (key.endsWith(EMPTY_SUFFIX)) positions.set(key.slice(0, -EMPTY_SUFFIX.length), 0);
    else positions.set(key, value + 1);
  }
  return positions;
}

function formatPositions(positions: ReadonlyMap<string, number>): string {
  const values: Record<string, number> = { [MARKER]: VERSION };
  for (const key of [...positions.keys()].sort()) {
    const next = positions.get(key)!;
    if (next === 0) values[key + EMPTY_SUFFIX] = 0;
    else values[key] = next - 1;
  }
  return `${JSON.stringify(values, undefined, 2)}\n`;
}

/** Makes the rename itself durable; some file systems (and Windows) cannot, and then it is as good as it gets. */
async function syncFolder(path: string): Promise<void> {
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
