import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './atomic-file.js';

/** Returns the length of the part of a file that is whole. The rest is the torn end of a write that was not complete. */
export type WholeLength = (file: FileHandle, size: number) => Promise<number>;

const MEBIBYTE = 2 ** 20;
/** The end of a file that may be torn. It is larger than any write between two commits. */
const CHECKED_END = 256 * MEBIBYTE;

/**
 * AppendedFile is a file that only grows. What was written before a {@link commit} is on the disk after it; what was written since
 * the last one is taken back by {@link rollBack}, or by the next {@link open} if the process was killed.
 */
export class AppendedFile {
  private written: number;
  /** Why the end of the file cannot be cut off. */
  private tornBy: Error | undefined;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly inode: number,
    private committed: number,
  ) {
    this.written = committed;
  }

  /** Opens or creates a file, and cuts its torn end off. Only one process may open it. @throws the error of the file system. */
  static async open(path: string, wholeLength: WholeLength, mode = 0o644): Promise<AppendedFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, mode);
    try {
      const { size, ino } = await file.stat();
      const length = size === 0 ? 0 : await wholeLength(file, size);
      if (length < size) await file.truncate(length);
      if (size === 0) await syncFolder(dirname(path));
      return new AppendedFile(path, file, ino, length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The length in octets, with what is not committed. */
  get size(): number {
    return this.written;
  }

  /** Writes octets at the end. After a failure, call {@link rollBack}. */
  async write(octets: Buffer): Promise<void> {
    for (let done = 0; done < octets.length;) {
      const { bytesWritten } = await this.file.write(octets, done, octets.length - done, this.written);
      done += bytesWritten;
      this.written += bytesWritten;
    }
  }

  /** Resolves when everything that was written is on the disk. */
  async commit(): Promise<void> {
    if (this.tornBy !== undefined) throw this.tornBy;
    const { written } = this;
    if (written === this.committed) return;
    await this.file.datasync();
    this.committed = written;
  }

  /** Cuts off what was written since the last {@link commit}. If that fails, so does each later {@link commit}. */
  async rollBack(): Promise<void> {
    this.written = this.committed;
    try {
      await this.file.truncate(this.committed);
    } catch (error) {
      this.tornBy = error as Error;
      throw error;
    }
  }

  /** Reports whether the path still leads to this file. A file that was removed or moved can be written without an error. */
  async isInPlace(): Promise<boolean> {
    try {
      return (await stat(this.path)).ino === this.inode;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/**
 * The {@link WholeLength} of a text file: up to the end of the last line. After a power failure, the torn end may contain zeros in
 * place of octets that were not written; a line does not contain them.
 */
export async function wholeLines(file: FileHandle, size: number): Promise<number> {
  const piece = Buffer.allocUnsafe(MEBIBYTE);
  const from = Math.max(0, size - CHECKED_END);
  let end = from;
  for (let at = from; at < size;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    const zero = piece.subarray(0, bytesRead).indexOf(0);
    const text = piece.subarray(0, zero < 0 ? bytesRead : zero);
    const lineFeed = text.lastIndexOf(0x0a);
    if (lineFeed >= 0) end = at + lineFeed + 1;
    if (zero >= 0) break;
    at += bytesRead;
  }
  return end;
}
