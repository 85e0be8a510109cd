const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Greatest depth of nested objects and lists. The documents that this server reads have at most eight levels. */
const MAX_DEPTH = 64;

export interface JsonBounds {
  /** Most colons, commas, opening brackets and opening braces outside of strings. A text has at most one value more. */
  readonly maxStructure: number;
  /** `latin1` if only ASCII text is needed: other text then takes half the memory. Default: `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
}

/** The text is not JSON, or exceeds its bounds. */
export class JsonTextError extends Error {}

/**
 * Parses a JSON text from an untrusted source. A megabyte of `[[[[` or `{},{},` takes forty times its size once it is
 * parsed. Therefore the structure is counted first, in at most one pass over the octets that allocates no memory.
 * @throws JsonTextError with a message that ends a sentence, such as "it is not JSON".
 */
export function parseBoundedJson(text: Buffer, { maxStructure, encoding = 'utf8' }: JsonBounds): unknown {
  checkStructure(text, maxStructure);
  try {
    return JSON.parse(text.toString(encoding));
  } catch (cause) {
    throw new JsonTextError('it is not JSON, or cut off', { cause });
  }
}

/** Counts correctly in every JSON text. The count in any other text does not matter: `JSON.parse` stops at the first mistake. */
function checkStructure(text: Buffer, maxStructure: number): void {
  let structure = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case QUOTE:
        at = stringEnd(text, at + 1);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        if (++depth > MAX_DEPTH) throw new JsonTextError(`it is nested more than ${MAX_DEPTH} deep`);
        structure++;
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
        break;
      case COMMA:
      case COLON:
        structure++;
        break;
    }
    if (structure > maxStructure) throw new JsonTextError('it holds far more values than it should');
  }
}

/** Returns the offset of the quotation mark that ends the string at `at`. */
function stringEnd(text: Buffer, at: number): number {
  let i = at;
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i;
}
