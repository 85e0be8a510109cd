const MAX_SHOWN = 80;

/** Section whose values are secrets. */
const SECRET_SECTION = 'auth';
/** Names of keys in sections of modules whose values are secrets. */
const SECRET_KEY = /token|secret|passw|passphrase|credential|(api|private|access)_?key/;

/** {@link shownValue}, unless the value is a secret. */
export function shownValueAt(path: readonly (string | number)[], value: unknown): string {
  const isSecret = path[0] === SECRET_SECTION || path.some((part) => SECRET_KEY.test(String(part)));
  return isSecret ? 'the value' : shownValue(value);
}

/** Formats a configured value for a message: quoted, shortened, with control characters escaped and passwords in URLs hidden. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  const safe = text
    .replace(/\/\/[^/@\s"]*@/g, '//***@')
    .replace(
      /[\u007f-\u009f\u2028\u2029]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe;
}
