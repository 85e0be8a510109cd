import { RE2Set } from 're2js';
import type { NameMatcher } from '../name-matcher.js';
import { compileExpression, type Expression } from './expression.js';
import { LiteralSearch } from './literal-search.js';

/** Octets of a name that are searched. A DNS name has at most 255 (RFC 1035, 2.3.4). */
export const MAX_SEARCHED_OCTETS = 1024;
/** Memory for the lazily built states of a group, in octets. When it is used up, the states are built anew. */
const STATE_MEMORY = 1 << 21;
/** Instructions of a group. A change of a group compiles it again. */
const GROUP_INSTRUCTIONS = 2000;

interface Term {
  readonly id: number;
  references: number;
  readonly expression: Expression;
  /** Number of the last name in which the expression was searched. */
  searched: number;
}

/** Expressions without a literal, which run as one automaton. */
interface Group {
  readonly terms: Term[];
  instructions: number;
  set: RE2Set | undefined;
}

/**
 * Finds the expressions that match a name. An expression with a literal runs only on names that contain it; the others run
 * together as one automaton with lazily built states.
 */
export class RegexMatcher implements NameMatcher {
  private readonly terms = new Map<string, Term>();
  private readonly byId: (Term | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly literals = new LiteralSearch();
  private readonly groups: Group[] = [];
  private names = 0;

  private name: Buffer = Buffer.alloc(0);
  private start = 0;
  private end = 0;
  private isAscii = true;
  private text: string | undefined;
  private found: (id: number) => void = () => {};

  /** @throws ExpressionError if the term is no expression; the parser of filters checks terms before. */
  add(term: string): number {
    const known = this.terms.get(term);
    if (known !== undefined) {
      known.references++;
      return known.id;
    }
    const expression = compileExpression(term);
    const added: Term = {
      id: this.freeIds.pop() ?? this.byId.length,
      references: 1,
      expression,
      searched: 0,
    };
    this.terms.set(term, added);
    this.byId[added.id] = added;
    if (expression.literals === undefined) this.addToGroup(added);
    else for (const literal of expression.literals) this.literals.add(literal, added.id);
    return added.id;
  }

  remove(term: string): void {
    const known = this.terms.get(term);
    if (known === undefined || --known.references > 0) return;
    this.terms.delete(term);
    this.byId[known.id] = undefined;
    this.freeIds.push(known.id);
    if (known.expression.literals === undefined) this.removeFromGroup(known);
    else for (const literal of known.expression.literals) this.literals.remove(literal, known.id);
  }

  match(name: Buffer, start: number, end: number, isAscii: boolean, found: (id: number) => void): void {
    if (this.terms.size === 0) return;
    this.names++;
    this.name = name;
    this.start = start;
    this.end = Math.min(end, start + MAX_SEARCHED_OCTETS);
    this.isAscii = isAscii;
    this.text = undefined;
    this.found = found;
    this.literals.search(name, start, this.end, this.searchOne);
    for (const group of this.groups) this.searchGroup(group);
  }

  private readonly searchOne = (id: number): void => {
    const term = this.byId[id]!;
    if (term.searched === this.names) return;
    term.searched = this.names;
    if (term.expression.compiled.test(this.nameText())) this.found(id);
  };

  private searchGroup(group: Group): void {
    group.set ??= setOf(group.terms);
    for (const i of group.set.match(this.nameText())) this.found(group.terms[i].id);
  }

  private nameText(): string {
    this.text ??= this.name.toString(this.isAscii ? 'latin1' : 'utf8', this.start, this.end);
    return this.text;
  }

  private addToGroup(term: Term): void {
    const size = term.expression.compiled.programSize();
    let group = this.groups.find(({ instructions }) => instructions + size <= GROUP_INSTRUCTIONS);
    if (group === undefined) {
      group = { terms: [], instructions: 0, set: undefined };
      this.groups.push(group);
    }
    group.terms.push(term);
    group.instructions += size;
    group.set = undefined;
  }

  private removeFromGroup(term: Term): void {
    const at = this.groups.findIndex(({ terms }) => terms.includes(term));
    const group = this.groups[at];
    group.terms.splice(group.terms.indexOf(term), 1);
    group.instructions -= term.expression.compiled.programSize();
    group.set = undefined;
    if (group.terms.length === 0) this.groups.splice(at, 1);
  }
}

function setOf(terms: readonly Term[]): RE2Set {
  const set = new RE2Set(RE2Set.UNANCHORED, 0, STATE_MEMORY);
  for (const { expression } of terms)
    set.add(expression.ignoresCase ? `(?i)${expression.source}` : expression.source);
  set.compile();
  return set;
}
