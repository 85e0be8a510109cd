// Expressions such as /\/+$/ and /[ \t]+$/ take quadratic time for many of the characters in the middle of a text.

/** Removes spaces and tabs around a text (RFC 9110, 5.6.3). */
export function withoutSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text[start])) start++;
  while (end > start && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

/** Removes trailing slashes. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t';
}
