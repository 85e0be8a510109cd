import { withoutTrailingSlashes } from '../../config/log-url.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { StateFileError } from './state-file-error.js';

/**
 * Tells our files from those of certstream-server-go, which takes it for a log that it does not follow, and writes
 * it back. With it a value is the last index that was streamed; without it, the next one to fetch: Go's
 * `create-index` means that, and where its runtime means the last one, one entry comes twice and none is lost.
 */
const MARKER = '_certstream_server_nest';
const VERSION = 1;
/** Colons, commas and brackets: two per log. */
const MAX_STRUCTURE = 100_000;
/** Stands for a log of which nothing was streamed yet: no last index can say that. */
const EMPTY_SUFFIX = '#empty';

/**
 * Next index to fetch by `logKey(log)`, from the text of a `ct_index.json`. In Go's files 0 means that the log was
 * never reached, which is no position.
 * @param path for the message.
 * @throws StateFileError (`CT_INDEX_FILE_DAMAGED`)
 */
export function parseIndexFile(path: string, text: string): Map<string, number> {
  const damaged = (reason: string, cause?: unknown): StateFileError =>
    new StateFileError('CT_INDEX_FILE_DAMAGED', path, reason, { cause });
  let json: unknown;
  try {
    json = parseBoundedJson(Buffer.from(text), { maxStructure: MAX_STRUCTURE });
  } catch (error) {
    throw damaged((error as Error).message, error);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw damaged('not a JSON object');
  const { [MARKER]: version, ...values } = json as Record<string, unknown>;
  if (version !== undefined && version !== VERSION) throw damaged(`written by another version (${MARKER})`);
  const positions = new Map<string, number>();
  const empty: string[] = [];
  for (const [url, value] of Object.entries(values)) {
    const key = withoutTrailingSlashes(url);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw damaged(`the value of "${url}" is not an index`);
    }
    if (version === undefined) {
      if (value > 0) positions.set(key, value);
    } else if (key.endsWith(EMPTY_SUFFIX)) empty.push(key.slice(0, -EMPTY_SUFFIX.length));
    else positions.set(key, value + 1);
  }
  // The Go server keeps the key when it has streamed something of the log since.
  for (const key of empty) if (!positions.has(key)) positions.set(key, 0);
  return positions;
}

/** `{"<url without scheme>": <last index>}` and the marker. */
export function formatIndexFile(positions: ReadonlyMap<string, number>): string {
  const values: Record<string, number> = { [MARKER]: VERSION };
  for (const key of [...positions.keys()].sort()) {
    const next = positions.get(key)!;
    if (next === 0) values[key + EMPTY_SUFFIX] = 0;
    else values[key] = next - 1;
  }
  return `${JSON.stringify(values, undefined, 2)}\n`;
}
