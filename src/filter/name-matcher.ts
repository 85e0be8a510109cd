/**
 * Finds the terms of one kind (`domain`, `keyword`, `regex`, `similar`) that match a name. One matcher holds the terms of
 * all filters of a stream, so its cost per name must not grow with the number of terms. Matching and removing never throw.
 */
export interface NameMatcher {
  /**
   * Adds a term, or increases its number of references. The same term has the same id until its last reference is removed;
   * after that, another term may get the id. Ids are small integers from 0 on, because callers use them as indices.
   * @param term in the form that the parser of filters produces (`filter-terms.ts`)
   */
  add(term: string): number;

  /** Removes one reference to a term that was added. */
  remove(term: string): void;

  /**
   * Calls `found` once for every term that matches the name.
   * @param name contains the UTF-8 text of the name in lower case without trailing dot. A leading `*.` is still there. Any
   *   text is possible: empty, with NUL or spaces, of 64 KiB.
   * @param isAscii whether all octets of the name are below 0x80
   * @param found must not add or remove terms
   */
  match(name: Buffer, start: number, end: number, isAscii: boolean, found: (id: number) => void): void;
}
