const START = '{"data":{"cert_index":';
const URL_KEY = '"url":"';
/** Digits of the largest index, and some more. */
const INDEX_OCTETS = 16;

/** An entry of a log, as messages name it. */
export interface EntryPlace {
  /** URL of the log, without trailing slash. */
  readonly url: string;
  readonly index: number;
}

/** Reads the place of the entry from a full or lite message without parsing the rest. @returns undefined for any other text. */
export function entryOf(text: Buffer): EntryPlace | undefined {
  if (text.toString('latin1', 0, START.length) !== START) return undefined;
  const index = Number.parseInt(text.toString('latin1', START.length, START.length + INDEX_OCTETS), 10);
  const urlStart = text.lastIndexOf(URL_KEY) + URL_KEY.length;
  return { url: text.toString('latin1', urlStart, text.indexOf('"', urlStart)), index };
}
