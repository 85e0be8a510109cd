import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { formatIndexFile, parseIndexFile } from './index-file.js';
import type { LogState } from './log-state.js';
import { linkTarget, prepareReplacement, removeTemporaries, replaceFile } from '../../kernel/atomic-file.js';
import { readBoundedFile } from '../../kernel/bounded-file.js';
import { FileLock } from '../../kernel/file-lock.js';
import { formatStateFile, parseStateFile, type SavedLog } from './state-file.js';
import { StateFileError, type StateFileErrorCode } from './state-file-error.js';

/** Sizes of the largest files that are read. A log takes some kilobytes, and a gap up to three. */
const MAX_STATE_BYTES = 256 * 1024 * 1024;
const MAX_INDEX_BYTES = 16 * 1024 * 1024;

export interface LoadedState {
  readonly logs: ReadonlyMap<string, SavedLog>;
  /** The files that were read, for the log output; undefined if there are none. */
  readonly origin: string | undefined;
}

/**
 * StateFiles reads and writes the state file and the index file, the Go server's `ct_index.json`. Both hold the same positions,
 * so that users can go back to the Go server. The state file counts, unless another program wrote the index file later: the
 * positions in the index file are then newer.
 */
export class StateFiles {
  /** SHA-256 of the index file when it was last read or written. */
  private indexOnDisk: string | undefined;
  /** The state file that {@link load} found or {@link save} wrote last; undefined before that. */
  private known: { identity: string | undefined; readonly sha256: string | undefined } | undefined;
  private locks: readonly FileLock[] = [];

  constructor(
    private readonly statePath: string,
    private readonly indexPath: string,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Creates the folders of both files, checks that the files can be written, and locks them for this process until {@link unlock}.
   * The locks are beside the files that links name.
   * @returns the reason if they cannot be locked: only {@link save} then notices that another process writes them.
   * @throws StateFileError (`CT_STATE_FILE_LOCKED`, `CT_STATE_FILE_UNWRITABLE`, `CT_INDEX_FILE_UNWRITABLE`)
   */
  async lock(): Promise<string | undefined> {
    const locks: FileLock[] = [];
    this.locks = locks;
    const targets = [
      await prepare(this.statePath, 'CT_STATE_FILE_UNWRITABLE'),
      await prepare(this.indexPath, 'CT_INDEX_FILE_UNWRITABLE'),
    ];
    for (const path of new Set(targets)) {
      locks.push(await FileLock.acquire(path, () => lockedError(path)));
      if (locks.at(-1)?.obstacle === undefined) await removeTemporaries(path);
    }
    return locks.find(({ obstacle }) => obstacle !== undefined)?.obstacle;
  }

  async unlock(): Promise<void> {
    await Promise.all(this.locks.map((lock) => lock.release()));
  }

  /** Reads both files. @throws StateFileError if a file exists but cannot be used. */
  async load(): Promise<LoadedState> {
    // Must precede the read of the text: if the file is replaced in between, the first save notices it.
    const found = await identity(this.statePath);
    const stateText = await readIfThere(this.statePath, 'CT_STATE_FILE_UNREADABLE', MAX_STATE_BYTES);
    this.known = { identity: found, sha256: stateText === undefined ? undefined : sha256(stateText) };
    const indexText = await readIfThere(this.indexPath, 'CT_INDEX_FILE_UNREADABLE', MAX_INDEX_BYTES);
    const state = stateText === undefined ? undefined : parseStateFile(this.statePath, stateText);
    if (indexText === undefined) return { logs: state?.logs ?? new Map(), origin: state && this.statePath };
    const positions = parseIndexFile(this.indexPath, indexText);
    this.indexOnDisk = sha256(indexText);
    if (state?.indexFiles.includes(this.indexOnDisk) === true) {
      return { logs: state.logs, origin: this.statePath };
    }
    const asOf = (await stat(this.indexPath)).mtimeMs;
    const logs = new Map(state?.logs);
    let changed = 0;
    for (const [key, next] of positions) {
      const known = logs.get(key);
      if (known?.next !== next) changed++;
      logs.set(key, moved(known, next, asOf));
    }
    const origin =
      state === undefined
        ? this.indexPath
        : `${this.statePath}, and of ${changed} logs from ${this.indexPath}, which another program wrote later`;
    return { logs, origin };
  }

  /**
   * Writes both files. If it is interrupted at any point, {@link load} returns either all of `logs` or the whole earlier state.
   * @throws StateFileError (`CT_STATE_FILE_SHARED` before anything is written, `CT_STATE_FILE_UNWRITABLE`,
   * `CT_INDEX_FILE_UNWRITABLE`)
   */
  async save(logs: ReadonlyMap<string, SavedLog>): Promise<void> {
    await this.checkWriter();
    const indexText = indexFileText(logs);
    const index = sha256(indexText);
    // Both hashes, because the current index file stays if this save is interrupted between the two writes.
    const indexFiles = [...new Set([index, this.indexOnDisk])].filter((hash) => hash !== undefined);
    const stateText = formatStateFile({ logs, indexFiles }, this.now());
    await write(this.statePath, stateText, 'CT_STATE_FILE_UNWRITABLE');
    this.known = { identity: await identity(this.statePath), sha256: sha256(stateText) };
    await write(this.indexPath, indexText, 'CT_INDEX_FILE_UNWRITABLE');
    this.indexOnDisk = index;
  }

  /** Throws if another process has written the state file: one of both would overwrite the state of the other. */
  private async checkWriter(): Promise<void> {
    const found = await identity(this.statePath);
    if (this.known === undefined || found === undefined || found === this.known.identity) return;
    const text = await readIfThere(this.statePath, 'CT_STATE_FILE_UNREADABLE', MAX_STATE_BYTES);
    if (text === undefined) return;
    if (sha256(text) !== this.known.sha256)
      throw new StateFileError('CT_STATE_FILE_SHARED', this.statePath, 'another process has written it');
    this.known.identity = found;
  }
}

/**
 * Writes only the index file.
 * @throws StateFileError (`CT_INDEX_FILE_UNWRITABLE`)
 */
export function writeIndexFile(path: string, logs: ReadonlyMap<string, LogState>): Promise<void> {
  return write(path, indexFileText(logs), 'CT_INDEX_FILE_UNWRITABLE');
}

function indexFileText(logs: ReadonlyMap<string, LogState>): string {
  const positions = new Map<string, number>();
  for (const [key, { next }] of logs) if (next !== undefined) positions.set(key, next);
  return formatIndexFile(positions);
}

/** Returns the state of a log with a position from the index file. Its gaps and newest head stay valid. */
function moved(known: SavedLog | undefined, next: number, asOf: number): SavedLog {
  if (known === undefined) return { next, asOf, gaps: [] };
  if (known.next === next) return { ...known, asOf: Math.max(asOf, known.asOf) };
  return { next, asOf, gaps: known.gaps, ...(known.head === undefined ? {} : { head: known.head }) };
}

function lockedError(path: string): StateFileError {
  return new StateFileError('CT_STATE_FILE_LOCKED', path, 'another running server uses it');
}

/** Prepares a file to be replaced. @returns its path with all links followed. */
async function prepare(path: string, code: StateFileErrorCode): Promise<string> {
  try {
    await prepareReplacement(path);
    return (await linkTarget(path)).path;
  } catch (cause) {
    throw new StateFileError(code, path, (cause as Error).message, { cause });
  }
}

async function readIfThere(
  path: string,
  code: StateFileErrorCode,
  maxBytes: number,
): Promise<string | undefined> {
  try {
    return (await readBoundedFile(path, maxBytes)).toString();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StateFileError(code, path, (cause as Error).message, { cause });
  }
}

async function write(path: string, text: string, code: StateFileErrorCode): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (cause) {
    throw new StateFileError(code, path, (cause as Error).message, { cause });
  }
}

async function identity(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs } = await stat(path);
    return `${ino} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
