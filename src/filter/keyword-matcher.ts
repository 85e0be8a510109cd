import { decodeALabels } from './domain-labels.js';
import type { NameMatcher } from './name-matcher.js';
import { SubstringAutomaton } from './substring-automaton.js';

const NOT_ASCII = /[^\0-\x7f]/;
const ACE_PREFIX = [...Buffer.from('xn--')];

/**
 * Finds the keywords that a name contains. A keyword with other than ASCII characters is also found in the name with its
 * A-labels decoded.
 */
export class KeywordMatcher implements NameMatcher {
  /** Their ids are doubled; those of {@link others} are doubled plus 1. */
  private readonly ascii = new SubstringAutomaton();
  private readonly others = new SubstringAutomaton();
  private found: (id: number) => void = () => undefined;
  private readonly foundAscii = (id: number): void => this.found(2 * id);
  private readonly foundOther = (id: number): void => this.found(2 * id + 1);

  add(term: string): number {
    const text = Buffer.from(term);
    return NOT_ASCII.test(term) ? 2 * this.others.add(text) + 1 : 2 * this.ascii.add(text);
  }

  remove(term: string): void {
    (NOT_ASCII.test(term) ? this.others : this.ascii).remove(Buffer.from(term));
  }

  match(name: Buffer, start: number, end: number, isAscii: boolean, found: (id: number) => void): void {
    this.found = found;
    if (this.ascii.size > 0) this.ascii.search(name, start, end, this.foundAscii);
    if (this.others.size === 0) return;
    const isDecoded = hasALabel(name, start, end);
    if (!isAscii) this.others.search(name, start, end, this.foundOther, isDecoded);
    if (!isDecoded) return;
    const decoded = Buffer.from(decodeALabels(name.toString('utf8', start, end)));
    this.others.search(decoded, 0, decoded.length, this.foundOther);
  }
}

function hasALabel(name: Buffer, start: number, end: number): boolean {
  for (let i = start; i + ACE_PREFIX.length < end; i++)
    if (ACE_PREFIX.every((octet, k) => name[i + k] === octet)) return true;
  return false;
}
