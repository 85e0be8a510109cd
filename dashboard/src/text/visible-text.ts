/**
 * Characters that are invisible, or that change the order or the place of the text around them: controls (Cc), format
 * characters such as the overrides of the direction (Cf), line and paragraph separators, surrogates without a partner, and
 * characters of private use.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/**
 * Returns text of a certificate as a person can read it: each hidden character becomes its number, such as `⟨U+202E⟩`. The result
 * is still text, and must be set as text.
 * @param limit characters (UTF-16 units) of `text` to show; the rest becomes an ellipsis.
 */
export function visibleText(text: string, limit = Infinity): string {
  const isCut = text.length > limit;
  const shown = isCut ? text.slice(0, limit) : text;
  const marked = shown.replace(HIDDEN, (character) => {
    const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `⟨U+${number}⟩`;
  });
  return isCut ? `${marked}…` : marked;
}
