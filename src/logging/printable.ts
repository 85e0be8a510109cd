// Control characters, line separators and bidirectional controls could forge or garble a line.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeChar(char: string): string {
  return SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Returns at most `max` UTF-16 units of `text` on one line, with control characters escaped. */
export function printable(text: string, max = 4096): string {
  const cut = text.length > max ? `${text.slice(0, max)}… (${text.length - max} more)` : text;
  return cut.replace(UNSAFE, escapeChar);
}

/** Escapes the characters of a JSON text that are valid in JSON but unsafe on a terminal. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
