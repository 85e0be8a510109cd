import { AddressMatcher } from './address-matcher.js';
import { DomainMatcher } from './domain-matcher.js';
import type { FilterTerms } from './entry-filter.js';
import type { FilterHandle } from './filter-handle.js';
import { type FilterField, NAME_FIELDS } from './filter-terms.js';
import { IssuerMatcher } from './issuer-matcher.js';
import { KeywordMatcher } from './keyword-matcher.js';
import type { NameMatcher } from './name-matcher.js';

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
  readonly names = {
    domain: new TermHolders(new DomainMatcher()),
    keyword: new TermHolders(new KeywordMatcher()),
  };
  readonly issuers = new TermHolders(new IssuerMatcher());
  readonly addresses = new TermHolders(new AddressMatcher());
  readonly excluded = { domain: new DomainMatcher(), keyword: new KeywordMatcher() };
  private readonly logs = new Map<string, Set<FilterHandle>>();
  private readonly operators = new Map<string, Set<FilterHandle>>();
  private readonly others = new Set<FilterHandle>();

  /** Number of filters that are found by the log of an entry, or pass without being found. */
  unnamed = 0;
  /** Changes when a filter is added or removed that is found by the log of an entry. */
  version = 0;

  /** Returns the filters that may match any entry of a log with this operator and these identities. */
  ofLog(operator: string, identities: readonly string[]): FilterHandle[] {
    const found = new Set(this.others);
    for (const handle of this.operators.get(operator) ?? []) found.add(handle);
    for (const identity of identities) for (const handle of this.logs.get(identity) ?? []) found.add(handle);
    return [...found];
  }

  /** Prepares a handle for the calls of {@link addTerm}. */
  open(handle: FilterHandle): void {
    const { terms } = handle.filter;
    handle.hasExcludedNames =
      terms.exclude_domain !== undefined ||
      terms.exclude_keyword !== undefined ||
      terms.exclude_regex !== undefined;
    if (anchorOf(terms) === 'none') this.others.add(handle);
    this.version++;
  }

  close(handle: FilterHandle): void {
    this.others.delete(handle);
    this.version++;
  }

  addTerm(handle: FilterHandle, field: FilterField, term: string): void {
    const anchor = anchorOf(handle.filter.terms);
    switch (field) {
      case 'domain':
      case 'keyword':
        this.names[field].add(term, handle);
        break;
      case 'regex':
      case 'similar':
        break;
      case 'issuer':
        if (anchor === 'issuer') this.issuers.add(term, handle);
        (handle.issuers ??= new Set()).add(this.issuers.matcher.add(term));
        break;
      case 'exclude_issuer':
        (handle.excludedIssuers ??= new Set()).add(this.issuers.matcher.add(term));
        break;
      case 'ip':
        if (anchor === 'ip') this.addresses.add(term, handle);
        (handle.addresses ??= new Set()).add(this.addresses.matcher.add(term));
        break;
      case 'exclude_domain':
        (handle.excludedDomains ??= new Set()).add(this.excluded.domain.add(term));
        break;
      case 'exclude_keyword':
        (handle.excludedKeywords ??= new Set()).add(this.excluded.keyword.add(term));
        break;
      case 'exclude_regex':
        break;
      case 'log':
        if (anchor === 'log') hold(this.logs, term, handle);
        break;
      case 'operator':
        if (anchor === 'operator') hold(this.operators, term, handle);
        break;
      case 'type':
      case 'ca':
        break;
    }
  }

  removeTerm(handle: FilterHandle, field: FilterField, term: string): void {
    const anchor = anchorOf(handle.filter.terms);
    switch (field) {
      case 'domain':
      case 'keyword':
        this.names[field].remove(term, handle);
        break;
      case 'regex':
      case 'similar':
        break;
      case 'issuer':
        if (anchor === 'issuer') this.issuers.remove(term, handle);
        this.issuers.matcher.remove(term);
        break;
      case 'exclude_issuer':
        this.issuers.matcher.remove(term);
        break;
      case 'ip':
        if (anchor === 'ip') this.addresses.remove(term, handle);
        this.addresses.matcher.remove(term);
        break;
      case 'exclude_domain':
        this.excluded.domain.remove(term);
        break;
      case 'exclude_keyword':
        this.excluded.keyword.remove(term);
        break;
      case 'exclude_regex':
        break;
      case 'log':
        release(this.logs, term, handle);
        break;
      case 'operator':
        release(this.operators, term, handle);
        break;
      case 'type':
      case 'ca':
        break;
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
