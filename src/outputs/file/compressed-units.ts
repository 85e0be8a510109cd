import type { FileHandle } from 'node:fs/promises';
import type { WholeLength } from '../../kernel/appended-file.js';

/** A format whose files are units one after the other. */
export interface CompressedUnits {
  readonly encode: (lines: Buffer) => Promise<Buffer>;
  /** Returns the offset after the unit at `at`; undefined if there is no whole unit. Reads only what tells its length. */
  readonly endOf: (file: FileHandle, at: number) => Promise<number | undefined>;
  /** Reports whether a unit can be decompressed and has the right check value. */
  readonly isSound: (unit: Buffer) => Promise<boolean>;
}

/** Units in this part of the end are decompressed: after a power failure, a unit that was not synced may contain zeros. */
const CHECKED_END = 64 * 2 ** 20;

/** Returns the function that finds the end of the last whole unit of a file. */
export function wholeUnits({ endOf, isSound }: CompressedUnits): WholeLength {
  return async (file, size) => {
    for (let at = 0; ;) {
      const end = await endOf(file, at);
      if (end === undefined || end > size) return at;
      if (end > size - CHECKED_END) {
        const unit = Buffer.allocUnsafe(end - at);
        const { bytesRead } = await file.read(unit, 0, unit.length, at);
        if (bytesRead < unit.length || !(await isSound(unit))) return at;
      }
      at = end;
    }
  };
}
