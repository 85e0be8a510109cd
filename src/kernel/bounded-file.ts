import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A FIFO without a writer would otherwise block the thread that opens it, for ever. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const MEBIBYTE = 2 ** 20;

/**
 * Reads a file that the operator names. Links are followed.
 * @param maxBytes size of the largest file that is read.
 * @throws the error of the file system, or an Error that says that the path is no regular file or that the file is too large.
 */
export async function readBoundedFile(path: string, maxBytes: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, FLAGS);
    const stats = await file.stat();
    checkRegular(stats, maxBytes);
    // One more than the file has, which shows that it grows meanwhile.
    const octets = Buffer.allocUnsafe(stats.size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(octets, length, octets.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === octets.length) break;
    }
    if (length > maxBytes) throw tooLarge(maxBytes);
    return octets.subarray(0, length);
  } catch (error) {
    throw withoutOpenError(error);
  } finally {
    await file?.close();
  }
}

/** Does the same as {@link readBoundedFile}, synchronously. */
export function readBoundedFileSync(path: string, maxBytes: number): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, FLAGS);
    const stats = fstatSync(file);
    checkRegular(stats, maxBytes);
    const octets = Buffer.allocUnsafe(stats.size);
    let length = 0;
    for (;;) {
      const read = readSync(file, octets, length, octets.length - length, length);
      length += read;
      if (read === 0) return octets.subarray(0, length);
    }
  } catch (error) {
    throw withoutOpenError(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** @throws Error unless this is a regular file of at most `maxBytes`. */
function checkRegular(stats: Stats, maxBytes: number): void {
  if (stats.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  if (!stats.isFile()) throw notRegular();
  if (stats.size > maxBytes) throw tooLarge(maxBytes);
}

/** The error for a path that leads to a pipe, a socket or a device. */
export function notRegular(): Error {
  return new Error('it is not a regular file but a pipe, a socket or a device');
}

function tooLarge(maxBytes: number): Error {
  const size = maxBytes >= MEBIBYTE ? `${maxBytes / MEBIBYTE} MiB` : `${maxBytes} bytes`;
  return new Error(`it is larger than ${size}`);
}

/** A socket in the file system cannot be opened at all. */
function withoutOpenError(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code === 'ENXIO' ? notRegular() : error;
}
