import { type WholeLength, wholeLines } from '../../kernel/appended-file.js';
import { wholeUnits } from './compressed-units.js';
import { GZIP_MEMBERS } from './gzip-members.js';
import { ZSTD_FRAMES } from './zstd-frames.js';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Turns lines into units of a file that can be read alone: lines, members of gzip, frames of zstd. */
export interface LineEncoding {
  /** The end of the names of the files, after `.jsonl`. */
  readonly suffix: '' | '.gz' | '.zst';
  /** Returns one unit. It may be the memory of `lines`. */
  readonly encode: (lines: Buffer) => Promise<Buffer>;
  /** Returns the length of a file up to the end of its last whole unit. */
  readonly wholeLength: WholeLength;
}

export const LINE_ENCODINGS: Readonly<Record<Compression, LineEncoding>> = {
  none: { suffix: '', encode: (lines) => Promise.resolve(lines), wholeLength: wholeLines },
  gzip: { suffix: '.gz', encode: GZIP_MEMBERS.encode, wholeLength: wholeUnits(GZIP_MEMBERS) },
  zstd: { suffix: '.zst', encode: ZSTD_FRAMES.encode, wholeLength: wholeUnits(ZSTD_FRAMES) },
};
