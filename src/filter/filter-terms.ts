import { withoutTrailingSlashes } from '../kernel/trim.js';
import { messageOf } from '../kernel/certstream-error.js';
import { addressRangeText, parseAddressRange } from './address-range.js';
import { toALabels } from './domain-labels.js';
import { FilterError, shownTerm } from './filter-error.js';
import { compileExpression } from './regex/expression.js';
import { brandOf } from './similar/similarity.js';

/** The fields of a filter, which are also the names of its query parameters. */
export const FILTER_FIELDS = [
  'domain',
  'keyword',
  'regex',
  'similar',
  'issuer',
  'operator',
  'log',
  'type',
  'ca',
  'ip',
  'exclude_domain',
  'exclude_keyword',
  'exclude_regex',
  'exclude_issuer',
] as const;

export type FilterField = (typeof FILTER_FIELDS)[number];

/** A filter as JSON: the terms of each field that filters. */
export type FilterFields = { readonly [Field in Exclude<FilterField, 'ca'>]?: readonly string[] } & {
  readonly ca?: boolean;
};

/** The fields that match names. They are alternatives of each other. */
export const NAME_FIELDS = ['domain', 'keyword', 'regex', 'similar'] as const satisfies FilterField[];

export type NameField = (typeof NAME_FIELDS)[number];

/** The fields that take names away from an entry. */
export const EXCLUDED_NAME_FIELDS = [
  'exclude_domain',
  'exclude_keyword',
  'exclude_regex',
] as const satisfies FilterField[];

export type ExcludedNameField = (typeof EXCLUDED_NAME_FIELDS)[number];

/** Whether a value of a field is split at commas in a query. */
export function isSplitAtCommas(field: FilterField): boolean {
  return field !== 'regex' && field !== 'exclude_regex';
}

/** A DNS name has at most 255 octets (RFC 1035, 2.3.4). */
const MAX_NAME_BYTES = 255;
const MAX_TEXT_BYTES = 1024;
const MIN_KEYWORD = 3;

/**
 * Returns the canonical form of a term: terms with the same form match the same entries.
 * @throws FilterError if the term cannot match anything or is too long.
 */
export function canonicalTerm(field: FilterField, term: string): string {
  if (/\p{Surrogate}/u.test(term)) throw wrong(field, term, 'contains an unpaired surrogate');
  switch (field) {
    case 'domain':
    case 'exclude_domain':
      return domainTerm(field, term);
    case 'similar':
      return brandTerm(term);
    case 'keyword':
    case 'exclude_keyword':
      return keywordTerm(field, term);
    case 'regex':
    case 'exclude_regex':
      return expressionTerm(field, term);
    case 'issuer':
    case 'exclude_issuer':
    case 'operator':
      return lowerCaseAscii(bounded(field, term.trim(), MAX_TEXT_BYTES));
    case 'log':
      return logTerm(bounded(field, term.trim(), MAX_TEXT_BYTES));
    case 'type':
      return choiceTerm(field, term, ['precert', 'cert']);
    case 'ca':
      return choiceTerm(field, term, ['true', 'false']);
    case 'ip':
      return rangeTerm(term);
  }
}

/** Puts A to Z into lower case, no other letters. */
export function lowerCaseAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Returns the form in which the URL of a log is compared: without scheme and trailing slashes, in lower case. */
export function logTerm(text: string): string {
  return withoutTrailingSlashes(lowerCaseAscii(text).replace(/^https?:\/\//, ''));
}

function domainTerm(field: FilterField, term: string): string {
  const lower = term.trim().toLowerCase();
  const name = toALabels(lower.replace(/\.$/, '').replace(/^\*\./, ''));
  if (!/^[\x21-\x7e]+$/.test(name) || /[*,/:@?#\\]/.test(name) || name.split('.').includes(''))
    throw wrong(field, term, 'is not a domain name; write it like example.com');
  return bounded(field, name, MAX_NAME_BYTES);
}

function brandTerm(term: string): string {
  const name = domainTerm('similar', term);
  if (brandOf(name) === undefined)
    throw wrong('similar', term, 'is not the domain of a brand; write it like example.com');
  return name;
}

function keywordTerm(field: FilterField, term: string): string {
  const keyword = term.trim().toLowerCase().normalize('NFC');
  if (Array.from(keyword.slice(0, 2 * MIN_KEYWORD)).length < MIN_KEYWORD)
    throw new FilterError(
      'FILTER_KEYWORD_TOO_SHORT',
      `\`${field}\` ${shownTerm(term)} is shorter than ${MIN_KEYWORD} characters`,
    );
  return bounded(field, keyword, MAX_NAME_BYTES);
}

function expressionTerm(field: FilterField, term: string): string {
  try {
    compileExpression(term);
  } catch (error) {
    throw new FilterError('FILTER_REGEX', `\`${field}\` ${shownTerm(term)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return term;
}

function choiceTerm(field: FilterField, term: string, choices: readonly string[]): string {
  const value = term.trim().toLowerCase();
  if (!choices.includes(value)) throw wrong(field, term, `is not known; use ${choices.join(' or ')}`);
  return value;
}

function rangeTerm(term: string): string {
  const range = parseAddressRange(term.trim());
  if (range === undefined)
    throw wrong('ip', term, 'is not an IP address or a CIDR range; write it like 192.0.2.7 or 2001:db8::/32');
  return addressRangeText(range);
}

function bounded(field: FilterField, term: string, bytes: number): string {
  if (Buffer.byteLength(term) > bytes) throw wrong(field, term, `is longer than ${bytes} octets`);
  return term;
}

function wrong(field: FilterField, term: string, mistake: string): FilterError {
  return new FilterError('FILTER_VALUE', `\`${field}\` ${shownTerm(term)} ${mistake}`);
}
