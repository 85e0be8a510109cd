import type * as Re2 from 're2js';
import type { RE2JS, RE2Set } from 're2js';
import { lazyModule } from '../../kernel/lazy-module.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';

const re2 = lazyModule('re2js') as () => typeof Re2;

/** Longest expression, in octets of UTF-8. */
const MAX_EXPRESSION_OCTETS = 512;
/** Most instructions of a compiled expression. Without a lazily built state, an octet of a name costs one step for each. */
export const MAX_INSTRUCTIONS = 1000;
/** Names and octets of the sample on which the states of an automaton are counted. */
const SAMPLE_NAMES = 16;
const SAMPLE_OCTETS = 32;
/** Most states that the sample may need. An expression that needs a new state for nearly every octet is slow on every name. */
const MAX_SAMPLE_STATES = 0.75 * SAMPLE_NAMES * SAMPLE_OCTETS;
/** Enough for all states of the sample. */
const SAMPLE_MEMORY = 1 << 26;
const SAMPLE = sampleNames();
/** Octets of a name that are searched. A DNS name has at most 255 (RFC 1035, 2.3.4). */
export const MAX_SEARCHED_OCTETS = 1024;
/** Shortest literal that is looked for; shorter ones are in most names. */
const MIN_LITERAL = 3;
/** Most alternatives of which one must be in a name. */
const MAX_LITERALS = 64;

/** An expression that cannot be used. The message is one sentence that gives the reason. */
export class ExpressionError extends CertstreamError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('FILTER_REGEX', message, options);
  }
}

/** A compiled expression. */
export interface Expression {
  /** The expression without the flag `(?i)` at its begin, which {@link ignoresCase} replaces. */
  readonly source: string;
  readonly ignoresCase: boolean;
  readonly compiled: RE2JS;
  /** A name that matches contains one of these, which are in lower case; undefined if no such list is known. */
  readonly literals: readonly string[] | undefined;
}

/** The expressions that were compiled last: a filter is parsed, then added to an index, and clients reconnect. */
const recent = new Map<string, Expression>();
const MAX_RECENT_INSTRUCTIONS = 20_000;
let recentInstructions = 0;

/** The tree of literals that re2js computes: which ones a text must contain to match (RE2's Prefilter). */
interface Prefilter {
  readonly type: number;
  readonly subs: readonly Prefilter[];
  readonly str: string;
}
const EXACT = 1;
const AND = 2;
const OR = 3;

/**
 * Compiles an expression in RE2 syntax, which is searched in names in lower case. If it has an upper-case letter or begins
 * with `(?i)`, letters match in both cases.
 * @throws ExpressionError if it is too long, is no RE2 expression, or needs too many instructions or states
 */
export function compileExpression(text: string): Expression {
  const known = recent.get(text);
  if (known !== undefined) return known;
  const expression = compileNew(text);
  const size = expression.compiled.programSize();
  if (recentInstructions + size > MAX_RECENT_INSTRUCTIONS) {
    recent.clear();
    recentInstructions = 0;
  }
  recent.set(text, expression);
  recentInstructions += size;
  return expression;
}

function compileNew(text: string): Expression {
  if (Buffer.byteLength(text) > MAX_EXPRESSION_OCTETS)
    throw new ExpressionError(`the expression is longer than ${MAX_EXPRESSION_OCTETS} octets`);
  const source = text.replace(/^\(\?i\)/, '');
  const sensitive = compile(source, 0);
  const ignoresCase = source !== text || /\p{Lu}/u.test(source);
  const compiled = ignoresCase ? compile(source, re2().RE2JS.CASE_INSENSITIVE) : sensitive;
  checkStates(source, ignoresCase);
  const { prefilter } = sensitive.re2() as { prefilter: Prefilter | null };
  return { source, ignoresCase, compiled, literals: prefilter === null ? undefined : literalsOf(prefilter) };
}

/**
 * Reports whether an expression matches a name. This is the plain definition that `RegexMatcher` implements with an index.
 * @param name in lower case without trailing dot
 */
export function isFoundIn({ compiled }: Expression, name: string): boolean {
  return compiled.test(Buffer.from(name).toString('utf8', 0, MAX_SEARCHED_OCTETS));
}

function compile(source: string, flags: number): RE2JS {
  let compiled: RE2JS;
  try {
    compiled = re2().RE2JS.compile(source, flags);
  } catch (error) {
    throw new ExpressionError(`the expression is not in RE2 syntax: ${reasonOf(error)}`, { cause: error });
  }
  if (compiled.programSize() > MAX_INSTRUCTIONS)
    throw new ExpressionError(
      `the expression compiles to ${compiled.programSize()} instructions, more than ${MAX_INSTRUCTIONS}; use smaller repetitions`,
    );
  return compiled;
}

/**
 * Returns an automaton that searches several expressions at once.
 * @param memory for its states, which are built when a name needs them, in octets
 */
export function automatonOf(
  expressions: readonly Pick<Expression, 'source' | 'ignoresCase'>[],
  memory: number,
): RE2Set {
  const set = new (re2().RE2Set)(re2().RE2Set.UNANCHORED, 0, memory);
  for (const { source, ignoresCase } of expressions) set.add(ignoresCase ? `(?i)${source}` : source);
  set.compile();
  return set;
}

function checkStates(source: string, ignoresCase: boolean): void {
  const automaton = automatonOf([{ source, ignoresCase }], SAMPLE_MEMORY);
  for (const name of SAMPLE) automaton.match(name);
  if (automaton.dfa.stateCount > MAX_SAMPLE_STATES)
    throw new ExpressionError(
      'the expression needs too many states; use smaller repetitions, or begin it with ^',
    );
}

/** Returns random names, which are the same in every process. */
function sampleNames(): string[] {
  const characters = 'abcdefghijklmnopqrstuvwxyz0123456789-.';
  let state = 1;
  const next = (): string => {
    state = (Math.imul(state, 0x41c64e6d) + 0x3039) & 0x7fffffff;
    return characters[(state >>> 16) % characters.length];
  };
  return Array.from({ length: SAMPLE_NAMES }, () => Array.from({ length: SAMPLE_OCTETS }, next).join(''));
}

function reasonOf(error: unknown): string {
  return messageOf(error).replace(/^error parsing regexp: /, '');
}

/** Returns the best list of literals of which every matching text contains one. */
function literalsOf(node: Prefilter): readonly string[] | undefined {
  switch (node.type) {
    case EXACT:
      return literalOf(node.str);
    case AND:
      return node.subs.map((sub) => literalsOf(sub)).reduce(better, undefined);
    case OR: {
      const lists = node.subs.map((sub) => literalsOf(sub));
      if (lists.includes(undefined)) return undefined;
      const literals = [...new Set(lists.flatMap((list) => list!))];
      return literals.length <= MAX_LITERALS ? literals : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Returns the literal in lower case. Names are in lower case, so an expression that ignores the case matches no other
 * form of an ASCII literal.
 */
function literalOf(text: string): readonly string[] | undefined {
  // Letters beyond ASCII may have several forms in lower case, so only the ASCII part before them is used.
  const ascii = /^[\0-\x7f]*/.exec(text)![0];
  return ascii.length >= MIN_LITERAL ? [ascii.toLowerCase()] : undefined;
}

/** Returns the list with the longer shortest literal, and of equal ones the shorter list. */
function better(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const difference = shortest(b) - shortest(a);
  return difference > 0 || (difference === 0 && b.length < a.length) ? b : a;
}

function shortest(literals: readonly string[]): number {
  return Math.min(...literals.map(({ length }) => length));
}
