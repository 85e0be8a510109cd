import { access, constants, lstat, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileLock } from '../../kernel/file-lock.js';
import { OutputError } from '../output-error.js';
import { nextKey, OPEN_SUFFIX, sortedFileNames } from './file-names.js';
import { type Compression, LINE_ENCODINGS } from './line-encoding.js';
import { LineFile } from './line-file.js';
import { makeFolder } from '../../kernel/atomic-file.js';

const LOCK = '.output';

export interface OutputFolderOptions {
  readonly path: string;
  /** First part of the names of the files. */
  readonly prefix: string;
  readonly compression: Compression;
  /** Octets of whole files above which the oldest ones are removed; 0 for no bound. */
  readonly keepBytes: number;
}

/** The folder of one output. Only one output of one server may use it. */
export class OutputFolder {
  private lock: FileLock | undefined;
  /** The key of the newest file, also after that file was moved away. */
  private lastKey: string | undefined;

  constructor(private readonly options: OutputFolderOptions) {}

  /** Creates the folder and reserves it for this output. @throws OutputError */
  async reserve(): Promise<void> {
    const { path } = this.options;
    await this.attempt(async () => {
      await makeFolder(path);
      await access(path, constants.W_OK);
      if (this.lock !== undefined && (await this.isLockGone())) await this.release();
      this.lock ??= await FileLock.acquire(
        join(path, LOCK),
        () =>
          new OutputError(
            'OUTPUT_FOLDER_IN_USE',
            `the folder ${path} is used by another output or another server; give each its own folder`,
          ),
      );
    });
  }

  async release(): Promise<void> {
    const { lock } = this;
    this.lock = undefined;
    await lock?.release();
  }

  /** Finishes the files that a killed process, or a failure, left open. What was acknowledged is in them. @throws OutputError */
  async sealLeft(signal: AbortSignal): Promise<void> {
    await this.attempt(async () => {
      for (const { text, compression, isOpen } of await this.fileNames()) {
        if (!isOpen) continue;
        signal.throwIfAborted();
        const path = join(this.options.path, text.slice(0, -OPEN_SUFFIX.length));
        await (await LineFile.open(path, LINE_ENCODINGS[compression])).seal();
      }
      await this.removeOldest();
    });
  }

  /** Creates a file whose name comes after all others. @param time wall-clock time, milliseconds. @throws OutputError */
  begin(time: number): Promise<LineFile> {
    const { path, prefix, compression } = this.options;
    return this.attempt(async () => {
      const found = (await this.fileNames()).at(-1)?.key;
      const { lastKey = found } = this;
      const last = found !== undefined && lastKey !== undefined && found > lastKey ? found : lastKey;
      this.lastKey = nextKey(last, time);
      const encoding = LINE_ENCODINGS[compression];
      return LineFile.open(join(path, `${prefix}-${this.lastKey}.jsonl${encoding.suffix}`), encoding);
    });
  }

  /** Finishes a file, and removes the oldest files above the bound. @throws OutputError */
  async seal(file: LineFile): Promise<void> {
    await this.attempt(async () => {
      await file.seal();
      await this.removeOldest();
    });
  }

  /** Runs work on files of the folder. @throws OutputError that says what is wrong with the folder. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.errorOf(error);
    }
  }

  /** The error for a folder or file that is no longer there. */
  removed(cause?: unknown): OutputError {
    return new OutputError(
      'OUTPUT_FOLDER_REMOVED',
      `the folder ${this.options.path}, or the file that is being written, was removed or moved; a new one is created`,
      { cause },
    );
  }

  private errorOf(error: unknown): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    const { path } = this.options;
    if (error instanceof OutputError || typeof code !== 'string' || code === 'ABORT_ERR') return error;
    if (code === 'ENOENT') return this.removed(error);
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
      return new OutputError(
        'OUTPUT_DISK_FULL',
        `there is no room for files in ${path} (${code}); free disk space`,
        {
          cause: error,
        },
      );
    return new OutputError('OUTPUT_FOLDER_UNWRITABLE', `the folder ${path} cannot be written: ${message}`, {
      cause: error,
    });
  }

  private async fileNames(): Promise<ReturnType<typeof sortedFileNames>> {
    return sortedFileNames(await readdir(this.options.path));
  }

  /** The socket of the lock disappears with the folder. */
  private async isLockGone(): Promise<boolean> {
    if (this.lock?.obstacle !== undefined) return false;
    return lstat(join(this.options.path, `${LOCK}.lock`)).then(
      () => false,
      () => true,
    );
  }

  private async removeOldest(): Promise<void> {
    const { path, keepBytes } = this.options;
    if (keepBytes === 0) return;
    let bytes = 0;
    const names = (await this.fileNames()).filter(({ isOpen }) => !isOpen);
    for (const [age, { text }] of names.toReversed().entries()) {
      const file = join(path, text);
      bytes += await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
      // The newest file stays, however large it is.
      if (age > 0 && bytes > keepBytes) await rm(file, { force: true });
    }
  }
}
