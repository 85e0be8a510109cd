const LITERAL = /[A-Za-z0-9_-]/;
const ESCAPE = '=';

/**
 * Returns the token of a subject that stands for a text, such as the URL of a log. Octets other than letters, digits, `-` and `_`
 * become `=` and two hexadecimal digits: NATS does not allow them, or gives them a meaning.
 */
export function recordKey(text: string): string {
  let key = '';
  for (const octet of Buffer.from(text)) {
    const character = String.fromCharCode(octet);
    key += LITERAL.test(character) ? character : ESCAPE + octet.toString(16).padStart(2, '0');
  }
  return key === '' ? ESCAPE : key;
}

/** Returns the text of a token that {@link recordKey} has made; undefined for any other token. */
export function textOfKey(key: string): string | undefined {
  const octets = Buffer.from(
    key === ESCAPE
      ? ''
      : key.replace(/=([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
  const text = octets.toString();
  return recordKey(text) === key ? text : undefined;
}
