import { AddressMatcher } from './address-matcher.js';
import { DomainMatcher } from './domain-matcher.js';
import type { FilterTerms } from './entry-filter.js';
import type { FilterHandle } from './filter-handle.js';
import { type ExcludedNameField, type FilterField, NAME_FIELDS, type NameField } from './filter-terms.js';
import { IssuerMatcher } from './issuer-matcher.js';
import { KeywordMatcher } from './keyword-matcher.js';
import type { NameMatcher } from './name-matcher.js';
import { RegexMatcher } from './regex/regex-matcher.js';
import { SimilarMatcher } from './similar/similar-matcher.js';

/** The part of every matcher that adds and removes terms. */
type TermSet = Pick<NameMatcher, 'add' | 'remove'>;

/** A matcher, and the filters that have each of its terms. */
export class TermHolders<Matcher extends TermSet> {
  /** By id of the term; most terms belong to one filter. */
  private readonly holders: (FilterHandle | Set<FilterHandle> | undefined)[] = [];
  /** Number of pairs of a term and a filter. */
  size = 0;

  constructor(readonly matcher: Matcher) {}

  add(term: string, handle: FilterHandle): void {
    const id = this.matcher.add(term);
    const holder = this.holders[id];
    if (holder === undefined) this.holders[id] = handle;
    else if (holder instanceof Set) holder.add(handle);
    else this.holders[id] = new Set([holder, handle]);
    this.size++;
  }

  remove(term: string, handle: FilterHandle): void {
    // Another reference keeps the id while the holders change.
    const id = this.matcher.add(term);
    const holder = this.holders[id];
    if (holder instanceof Set) {
      holder.delete(handle);
      if (holder.size === 0) this.holders[id] = undefined;
    } else this.holders[id] = undefined;
    this.matcher.remove(term);
    this.matcher.remove(term);
    this.size--;
  }

  visit(id: number, visit: (handle: FilterHandle) => void): void {
    const holder = this.holders[id];
    if (holder instanceof Set) for (const handle of holder) visit(handle);
    else if (holder !== undefined) visit(holder);
  }
}

/** The field whose terms find the candidates for a filter. The other fields are checked for candidates only. */
type Anchor = 'names' | 'issuer' | 'ip' | 'log' | 'operator' | 'none';

function anchorOf(terms: FilterTerms): Anchor {
  if (NAME_FIELDS.some((field) => terms[field] !== undefined)) return 'names';
  return (['issuer', 'ip', 'log', 'operator'] as const).find((field) => terms[field] !== undefined) ?? 'none';
}

/** The terms of all filters of a stream, by field. */
export class IndexedTerms {
  readonly names: Readonly<Record<NameField, TermHolders<NameMatcher>>> = {
    domain: new TermHolders(new DomainMatcher()),
    keyword: new TermHolders(new KeywordMatcher()),
    regex: new TermHolders(new RegexMatcher()),
    similar: new TermHolders(new SimilarMatcher()),
  };
  readonly excluded: Readonly<Record<ExcludedNameField, NameMatcher>> = {
    exclude_domain: new DomainMatcher(),
    exclude_keyword: new KeywordMatcher(),
    exclude_regex: new RegexMatcher(),
  };
  readonly issuers = new TermHolders(new IssuerMatcher());
  readonly addresses = new TermHolders(new AddressMatcher());
  /** Filters that only the log of an entry finds, and those that nothing finds, which are considered for every entry. */
  private readonly logs = new Map<string, Set<FilterHandle>>();
  private readonly operators = new Map<string, Set<FilterHandle>>();
  private readonly others = new Set<FilterHandle>();

  /** Returns the filters to consider for every entry of a log with this operator and these identities. */
  ofLog(operator: string, identities: readonly string[]): FilterHandle[] {
    const found = new Set(this.others);
    for (const handle of this.operators.get(operator) ?? []) found.add(handle);
    for (const identity of identities) for (const handle of this.logs.get(identity) ?? []) found.add(handle);
    return [...found];
  }

  /** Prepares the index for the terms of a filter. */
  open(handle: FilterHandle): void {
    if (anchorOf(handle.filter.terms) === 'none') this.others.add(handle);
  }

  /** Ends what {@link open} began, after the terms of the filter were removed. */
  close(handle: FilterHandle): void {
    this.others.delete(handle);
  }

  addTerm(handle: FilterHandle, field: FilterField, term: string): void {
    const isAnchor = field === anchorOf(handle.filter.terms);
    switch (field) {
      case 'domain':
      case 'keyword':
      case 'regex':
      case 'similar':
        return this.names[field].add(term, handle);
      case 'issuer':
        if (isAnchor) this.issuers.add(term, handle);
        (handle.issuers ??= new Set()).add(this.issuers.matcher.add(term));
        return;
      case 'exclude_issuer':
        (handle.excludedIssuers ??= new Set()).add(this.issuers.matcher.add(term));
        return;
      case 'ip':
        if (isAnchor) this.addresses.add(term, handle);
        (handle.addresses ??= new Set()).add(this.addresses.matcher.add(term));
        return;
      case 'exclude_domain':
      case 'exclude_keyword':
      case 'exclude_regex':
        handle.excludedNames ??= {};
        (handle.excludedNames[field] ??= new Set()).add(this.excluded[field].add(term));
        return;
      case 'log':
        if (isAnchor) hold(this.logs, term, handle);
        return;
      case 'operator':
        if (isAnchor) hold(this.operators, term, handle);
        return;
      case 'type':
      case 'ca':
    }
  }

  removeTerm(handle: FilterHandle, field: FilterField, term: string): void {
    const isAnchor = field === anchorOf(handle.filter.terms);
    switch (field) {
      case 'domain':
      case 'keyword':
      case 'regex':
      case 'similar':
        return this.names[field].remove(term, handle);
      case 'issuer':
        if (isAnchor) this.issuers.remove(term, handle);
        return this.issuers.matcher.remove(term);
      case 'exclude_issuer':
        return this.issuers.matcher.remove(term);
      case 'ip':
        if (isAnchor) this.addresses.remove(term, handle);
        return this.addresses.matcher.remove(term);
      case 'exclude_domain':
      case 'exclude_keyword':
      case 'exclude_regex':
        return this.excluded[field].remove(term);
      case 'log':
        return release(this.logs, term, handle);
      case 'operator':
        return release(this.operators, term, handle);
      case 'type':
      case 'ca':
    }
  }
}

function hold(holders: Map<string, Set<FilterHandle>>, term: string, handle: FilterHandle): void {
  const known = holders.get(term);
  if (known === undefined) holders.set(term, new Set([handle]));
  else known.add(handle);
}

function release(holders: Map<string, Set<FilterHandle>>, term: string, handle: FilterHandle): void {
  const known = holders.get(term);
  if (known?.delete(handle) === true && known.size === 0) holders.delete(term);
}
