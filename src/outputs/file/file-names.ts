/** Suffix of a file that is being written. Readers that look for `*.jsonl`, `*.gz` or `*.zst` do not find it. */
export const OPEN_SUFFIX = '.open';

/** A file of an output: `<output>-20261129T230000Z-0001.jsonl`, with `.gz` or `.zst` after compression, and `.open` while it is written. */
export interface FileName {
  readonly text: string;
  /** `20261129T230000Z-0001`, by which the files of a folder are sorted. */
  readonly key: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly isOpen: boolean;
}

const PATTERN = /^.+-(\d{8}T\d{6}Z-\d{4})\.jsonl(\.gz|\.zst)?(\.open)?$/;
const LAST_NUMBER = 9999;

/** Reads the name of a file; undefined if it is not the name of a file of an output. */
function readFileName(text: string): FileName | undefined {
  const [, key, compressed, open] = PATTERN.exec(text) ?? [];
  if (key === undefined) return undefined;
  const compression = compressed === '.gz' ? 'gzip' : compressed === '.zst' ? 'zstd' : 'none';
  return { text, key, compression, isOpen: open !== undefined };
}

/** Returns the names of files of outputs among `texts`, the oldest file first. */
export function sortedFileNames(texts: readonly string[]): FileName[] {
  const names = texts.map(readFileName).filter((name) => name !== undefined);
  return names.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/**
 * Returns the key of a new file. It comes after `last` also if the clock was set back or less than a second has passed, so that names
 * have the order in which the files were written.
 * @param last the key of the newest file, if there is one.
 * @param time wall-clock time, milliseconds.
 */
export function nextKey(last: string | undefined, time: number): string {
  const now = `${timeText(time)}-0001`;
  if (last === undefined || now > last) return now;
  const [text, number] = last.split('-');
  if (Number(number) < LAST_NUMBER) return `${text}-${String(Number(number) + 1).padStart(4, '0')}`;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)!;
  return `${timeText(Date.UTC(+year, +month - 1, +day, +hour, +minute, +second + 1))}-0001`;
}

/** `20261129T230000Z` */
function timeText(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}
