import { withoutTrailingSlashes } from '../../kernel/trim.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { StateFileError } from './state-file-error.js';

/**
 * Marks the files of this server. certstream-server-go treats the marker as a log that it does not follow and writes it back. In
 * a file with the marker, a value is the last streamed index. Without it, a value is the next index to fetch, as Go's
 * `create-index` writes it. Go's server writes the last index instead: one entry is then streamed twice and none is lost.
 */
const MARKER = '_certstream_server_nest';
const VERSION = 1;
/** Maximum number of colons, commas and brackets of a file: two per log. */
const MAX_STRUCTURE = 100_000;
/** Marks a log without streamed entries, which has no last index. */
const EMPTY_SUFFIX = '#empty';

/**
 * Parses the text of a `ct_index.json` to the next index to fetch by `logKey(log)`. In Go's files 0 means that the log was
 * never reached; such a log is omitted.
 * @param path path of the file, for the error message.
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
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw damaged('it is not a JSON object');
  const { [MARKER]: version, ...values } = json as Record<string, unknown>;
  if (version !== undefined && version !== VERSION) throw damaged(`another version wrote it (${MARKER})`);
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
  // The Go server keeps the key of an empty log, even after it has streamed entries of that log.
  for (const key of empty) if (!positions.has(key)) positions.set(key, 0);
  return positions;
}

/** Returns the JSON text `{"<url without scheme>": <last index>}` with the marker. */
export function formatIndexFile(positions: ReadonlyMap<string, number>): string {
  const values: Record<string, number> = { [MARKER]: VERSION };
  for (const key of [...positions.keys()].sort()) {
    const next = positions.get(key)!;
    if (next === 0) values[key + EMPTY_SUFFIX] = 0;
    else values[key] = next - 1;
  }
  return `${JSON.stringify(values, undefined, 2)}\n`;
}
