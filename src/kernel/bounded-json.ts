const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Objects and lists within each other. Nothing that this server reads has more than eight. */
const MAX_DEPTH = 64;

export interface JsonBounds {
  /** Colons, commas, opening brackets and opening braces outside of strings: there are never more values than that, plus one. */
  readonly maxStructure: number;
  /** `latin1` where only ASCII is of use: half the memory for text that is not. Default `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
}

/** The text is not JSON, or more of it than its bounds allow. */
export class JsonTextError extends Error {}

/**
 * `JSON.parse` of a text whose author is not trusted. A megabyte of `[[[[` or `{},{},` takes forty times its size once it is
 * parsed, so that its structure is counted first: at most one pass over the octets, without any memory.
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

/** Right for every JSON text; what it makes of another one does not matter, since `JSON.parse` ends at the first mistake. */
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

/** Where the quotation mark is that ends the string at `at`. */
function stringEnd(text: Buffer, at: number): number {
  let i = at;
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1;
  return i;
}
