import type { RE2Set } from 're2js';
import { IdPool } from '../hashed-ids.js';
import type { NameMatcher } from '../name-matcher.js';
import { SubstringAutomaton } from '../substring-automaton.js';
import { automatonOf, compileExpression, type Expression, MAX_SEARCHED_OCTETS } from './expression.js';

/** Memory for the lazily built states of a group, in octets. When it is used up, the states are built anew. */
const STATE_MEMORY = 1 << 21;
/** Instructions of a group. A change of a group compiles it again. */
const GROUP_INSTRUCTIONS = 2000;

/** An expression whose literal is in more than one of this many names costs less as part of a group. */
const RARE = 32;
/** Searches of an expression before its literal is judged. */
const JUDGED_SEARCHES = 64;

interface Term {
  readonly id: number;
  references: number;
  readonly expression: Expression;
  /** Whether the expression runs only on names with one of its literals. */
  hasRareLiteral: boolean;
  /** Number of the name before which the expression was added. */
  readonly since: number;
  /** Number of the last name in which the expression was searched by itself, and number of these searches. */
  searched: number;
  searches: number;
}

/** Expressions that run as one automaton. */
interface Group {
  readonly terms: Term[];
  instructions: number;
  /** Undefined after a change. */
  automaton: RE2Set | undefined;
}

/**
 * Finds the expressions that match a name. An expression with a literal runs only on names that contain it. Expressions without
 * one, and those whose literal turns out to be in many names, such as `.com`, run together as one automaton with lazily built
 * states.
 */
export class RegexMatcher implements NameMatcher {
  private readonly terms = new Map<string, Term>();
  private readonly ids = new IdPool();
  private readonly literals = new SubstringAutomaton();
  /** The terms that have a literal, by the id of the literal. */
  private readonly owners: Set<Term>[] = [];
  private readonly groups: Group[] = [];
  /** Expressions that become part of a group before the next name. */
  private readonly frequent = new Set<Term>();
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
      id: this.ids.take(),
      references: 1,
      expression,
      hasRareLiteral: expression.literals !== undefined,
      since: this.names,
      searched: 0,
      searches: 0,
    };
    this.terms.set(term, added);
    if (added.hasRareLiteral) this.addLiterals(added);
    else this.addToGroup(added);
    return added.id;
  }

  remove(term: string): void {
    const known = this.terms.get(term);
    if (known === undefined || --known.references > 0) return;
    this.terms.delete(term);
    this.ids.release(known.id);
    this.frequent.delete(known);
    if (known.hasRareLiteral) this.removeLiterals(known);
    else this.removeFromGroup(known);
  }

  match(name: Buffer, start: number, end: number, isAscii: boolean, found: (id: number) => void): void {
    if (this.terms.size === 0) return;
    if (this.frequent.size > 0) this.regroupFrequent();
    this.names++;
    this.name = name;
    this.start = start;
    this.end = Math.min(end, start + MAX_SEARCHED_OCTETS);
    this.isAscii = isAscii;
    this.text = undefined;
    this.found = found;
    if (this.literals.size > 0) this.literals.search(name, start, this.end, this.searchOwners);
    for (const group of this.groups) this.searchGroup(group);
  }

  private readonly searchOwners = (literal: number): void => {
    for (const term of this.owners[literal]) {
      if (term.searched === this.names) continue;
      term.searched = this.names;
      if (++term.searches > JUDGED_SEARCHES && term.searches * RARE > this.names - term.since)
        this.frequent.add(term);
      if (term.expression.compiled.test(this.nameText())) this.found(term.id);
    }
  };

  private searchGroup(group: Group): void {
    group.automaton ??= automatonOf(
      group.terms.map(({ expression }) => expression),
      STATE_MEMORY,
    );
    for (const i of group.automaton.match(this.nameText())) this.found(group.terms[i].id);
  }

  private nameText(): string {
    this.text ??= this.name.toString(this.isAscii ? 'latin1' : 'utf8', this.start, this.end);
    return this.text;
  }

  private regroupFrequent(): void {
    for (const term of this.frequent) {
      this.removeLiterals(term);
      term.hasRareLiteral = false;
      this.addToGroup(term);
    }
    this.frequent.clear();
  }

  private addLiterals(term: Term): void {
    for (const literal of term.expression.literals!)
      (this.owners[this.literals.add(Buffer.from(literal))] ??= new Set()).add(term);
  }

  private removeLiterals(term: Term): void {
    for (const literal of term.expression.literals!) {
      const octets = Buffer.from(literal);
      // This reference gives the id; then it is removed with that of the term.
      this.owners[this.literals.add(octets)].delete(term);
      this.literals.remove(octets);
      this.literals.remove(octets);
    }
  }

  private addToGroup(term: Term): void {
    const size = term.expression.compiled.programSize();
    let group = this.groups.find(({ instructions }) => instructions + size <= GROUP_INSTRUCTIONS);
    if (group === undefined) {
      group = { terms: [], instructions: 0, automaton: undefined };
      this.groups.push(group);
    }
    group.terms.push(term);
    group.instructions += size;
    group.automaton = undefined;
  }

  private removeFromGroup(term: Term): void {
    const at = this.groups.findIndex(({ terms }) => terms.includes(term));
    const group = this.groups[at];
    group.terms.splice(group.terms.indexOf(term), 1);
    group.instructions -= term.expression.compiled.programSize();
    group.automaton = undefined;
    if (group.terms.length === 0) this.groups.splice(at, 1);
  }
}
