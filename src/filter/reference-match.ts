import { addressOctets, certificateAddress, isInRange, parseAddressRange } from './address-range.js';
import { comparedName, decodeALabels, toALabels } from './domain-labels.js';
import type { EntryFacts } from './entry-facts.js';
import type { EntryFilter, FilterTerms } from './entry-filter.js';
import { lowerCaseAscii, logTerm, NAME_FIELDS } from './filter-terms.js';
import { compileExpression, type Expression, isFoundIn } from './regex/expression.js';
import { isSimilar } from './similar/similarity.js';

/**
 * Reports whether an entry matches a filter, term by term. It is the definition of the rules of `docs/consumers.md`: tests
 * compare the `FilterIndex` with it. Programs with one filter, such as `certstream-server watch`, use it as well.
 */
export function referenceMatches(filter: EntryFilter, facts: EntryFacts): boolean {
  const { terms, within } = filter;
  return (
    matchesSighting(terms, facts) &&
    matchesIssuer(terms, facts) &&
    matchesAddress(terms, facts) &&
    matchesNames(terms, facts.names) &&
    (within === undefined || referenceMatches(within, facts))
  );
}

/** Reports whether a filter can match entries of a log. */
export function canMatchLog({ terms, within }: EntryFilter, source: EntryFacts['source']): boolean {
  return matchesLog(terms, source) && (within === undefined || canMatchLog(within, source));
}

function matchesLog(terms: FilterTerms, source: EntryFacts['source']): boolean {
  const log = [logTerm(source.url), lowerCaseAscii(source.name), lowerCaseAscii(source.logId ?? '')];
  return (
    isOneOf(terms.operator, lowerCaseAscii(source.operator)) &&
    (terms.log === undefined || terms.log.some((term) => log.includes(term)))
  );
}

function matchesSighting(terms: FilterTerms, { source, type, isCa }: EntryFacts): boolean {
  return matchesLog(terms, source) && isOneOf(terms.type, type ?? '') && isOneOf(terms.ca, String(isCa));
}

function isOneOf(terms: readonly string[] | undefined, value: string): boolean {
  return terms === undefined || terms.includes(value);
}

function matchesIssuer(terms: FilterTerms, { issuer }: EntryFacts): boolean {
  const texts = [issuer.CN ?? '', issuer.O ?? ''].map(lowerCaseAscii);
  const contains = (term: string) => texts.some((text) => text.includes(term));
  if (terms.exclude_issuer?.some(contains) === true) return false;
  return terms.issuer === undefined || terms.issuer.some(contains);
}

function matchesAddress({ ip }: FilterTerms, { addresses }: EntryFacts): boolean {
  if (ip === undefined) return true;
  const ranges = ip.map((term) => parseAddressRange(term)!);
  return addresses.some((text) => {
    const octets = addressOctets(text);
    if (octets === undefined) return false;
    const address = certificateAddress(octets);
    return ranges.some((range) => isInRange(address, range));
  });
}

function matchesNames(terms: FilterTerms, printed: readonly string[]): boolean {
  const names = printed.map(comparedName).filter((name) => !isExcluded(terms, name));
  if (NAME_FIELDS.some((field) => terms[field] !== undefined))
    return names.some((name) => matchesName(terms, name));
  // Without a watch list, an entry is left out when all its names are.
  return printed.length === 0 || names.length > 0;
}

function isExcluded(terms: FilterTerms, name: string): boolean {
  return (
    liesBelow(terms.exclude_domain, name) ||
    containsKeyword(terms.exclude_keyword, name) ||
    matchesExpression(terms.exclude_regex, name)
  );
}

function matchesName(terms: FilterTerms, name: string): boolean {
  return (
    liesBelow(terms.domain, name) ||
    containsKeyword(terms.keyword, name) ||
    matchesExpression(terms.regex, name) ||
    imitates(terms.similar, name)
  );
}

function liesBelow(terms: readonly string[] | undefined, name: string): boolean {
  if (terms === undefined) return false;
  const plain = toALabels(name).replace(/^\*\./, '');
  return terms.some((term) => plain === term || plain.endsWith(`.${term}`));
}

function containsKeyword(terms: readonly string[] | undefined, name: string): boolean {
  if (terms === undefined) return false;
  const decoded = decodeALabels(name);
  return terms.some((term) => name.includes(term) || (/[^\0-\x7f]/.test(term) && decoded.includes(term)));
}

/** The compiled expressions of a list of terms. */
const compiled = new WeakMap<readonly string[], readonly Expression[]>();

function matchesExpression(terms: readonly string[] | undefined, name: string): boolean {
  if (terms === undefined) return false;
  let expressions = compiled.get(terms);
  if (expressions === undefined) {
    expressions = terms.map(compileExpression);
    compiled.set(terms, expressions);
  }
  return expressions.some((expression) => isFoundIn(expression, name));
}

function imitates(terms: readonly string[] | undefined, name: string): boolean {
  return terms?.some((term) => isSimilar(term, name)) ?? false;
}
