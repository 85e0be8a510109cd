import {
  type EntryBatch,
  ENTRY_COLUMNS,
  EntryColumn,
  type LogSource,
  LogEntryType,
} from '../certificate/entry-batch.js';
import { includesSorted } from './bounded-steps.js';
import { EntryReader } from './entry-reader.js';
import type { FilterHandle } from './filter-handle.js';
import { FilterRegistry } from './filter-registry.js';
import { EXCLUDED_NAME_FIELDS, logTerm, lowerCaseAscii, NAME_FIELDS } from './filter-terms.js';
import { FoundIds } from './found-ids.js';
import type { NameMatcher } from './name-matcher.js';

export interface FilterIndexOptions {
  /** Most octets of terms that all filters together may have. */
  readonly maxBytes?: number;
  /** Returns the id of a log in base64, if it is known. */
  readonly logId?: (source: LogSource) => string | undefined;
  /**
   * Is called with an error of a matcher. The entries of the batch are then matched without its terms; if these exclude names, every name
   * is excluded for the filters that have such terms.
   */
  readonly onDefect?: (error: unknown) => void;
}

/** Receives the positions in the batch of the entries that a filter matches, ascending. They are valid during the call. */
export type MatchVisitor = (handle: FilterHandle, positions: readonly number[]) => void;

/**
 * All filters of a stream. The cost per entry depends on its names and on the filters that match, not on the number of filters:
 * each name is looked up once among the domains, keywords and expressions of all of them.
 */
export class FilterIndex extends FilterRegistry {
  private readonly reader = new EntryReader();
  private readonly addresses = new FoundIds();
  /** The terms that exclude the current name. They are not known after an error of their matcher. */
  private readonly excluded = EXCLUDED_NAME_FIELDS.map((field) => ({
    field,
    found: new FoundIds(),
    isKnown: true,
  }));
  /** Filters that need a name that is not excluded, for the current entry. */
  private readonly needName: FilterHandle[] = [];
  private readonly touched: FilterHandle[] = [];
  /** Filters with `within` that match the current entry without it. */
  private readonly conditional: FilterHandle[] = [];
  private batch = 0;
  private entries: EntryBatch | undefined;
  private position = 0;
  private typeName: 'precert' | 'cert' | undefined;
  private operator = '';
  private identities: readonly string[] = [];
  private isRead = false;
  private hasIssuer = false;
  private hasAddresses = false;
  private name = 0;
  private hasExcluded = false;
  private readonly considerHolder = (handle: FilterHandle): void => this.consider(handle);
  private readonly considerNameOf = (handle: FilterHandle): void => this.considerName(handle);
  private readonly kinds = NAME_FIELDS.map((field) => {
    const holders = this.terms.names[field];
    const found = (id: number): void => holders.visit(id, this.considerNameOf);
    return { holders, found };
  });

  constructor(private readonly options: FilterIndexOptions = {}) {
    super(options.maxBytes);
  }

  /** Calls `visit` once for every filter that matches entries of the batch. */
  match(entries: EntryBatch, visit: MatchVisitor): void {
    if (this.size === 0) return;
    this.openBatch(entries);
    const ofLog = this.terms.ofLog(this.operator, this.identities);
    for (let i = 0; i < entries.count; i++) {
      try {
        this.matchEntry(entries, i, ofLog);
      } catch (error) {
        this.needName.length = this.conditional.length = 0;
        this.options.onDefect?.(error);
      }
    }
    this.entries = undefined;
    const touched = this.touched.splice(0);
    for (const handle of touched) visit(handle, handle.positions);
  }

  private openBatch(entries: EntryBatch): void {
    const { source } = entries;
    this.batch = (this.batch + 1) | 0 || 1;
    this.entries = entries;
    this.operator = lowerCaseAscii(source.operator);
    this.identities = [
      logTerm(source.url),
      lowerCaseAscii(source.name),
      lowerCaseAscii(this.options.logId?.(source) ?? ''),
    ];
  }

  private matchEntry(entries: EntryBatch, i: number, ofLog: readonly FilterHandle[]): void {
    this.position = i;
    this.isRead = this.hasIssuer = this.hasAddresses = false;
    const type = entries.table[i * ENTRY_COLUMNS + EntryColumn.Type];
    this.typeName =
      type === LogEntryType.PrecertEntry ? 'precert' : type === LogEntryType.X509Entry ? 'cert' : undefined;
    const { issuers, addresses } = this.terms;
    for (const handle of ofLog) this.consider(handle);
    if (issuers.size > 0) for (const id of this.issuerIds().list) issuers.visit(id, this.considerHolder);
    if (addresses.size > 0) for (const id of this.addressIds().list) addresses.visit(id, this.considerHolder);
    if (this.needName.length > 0 || this.kinds.some(({ holders }) => holders.size > 0)) this.matchNames();
    for (const handle of this.conditional) if (this.isWithin(handle)) this.accept(handle);
    this.conditional.length = 0;
  }

  private matchNames(): void {
    const { reader } = this;
    this.read();
    reader.readNames();
    for (this.name = 0; this.name < reader.count; this.name++) {
      this.hasExcluded = false;
      for (const { holders, found } of this.kinds) {
        if (holders.size > 0) this.matchName(holders.matcher, found);
      }
      if (this.needName.length > 0) this.passNeeding();
    }
    if (reader.count === 0) this.passNeeding(true);
    this.needName.length = 0;
  }

  /**
   * Finds the terms of one kind that match the current name. A defect of the matcher does not end the others.
   * @returns whether there was none.
   */
  private matchName(matcher: NameMatcher, found: (id: number) => void): boolean {
    const { reader, name } = this;
    try {
      matcher.match(reader.names, reader.starts[name], reader.ends[name], reader.ascii[name] === 1, found);
      return true;
    } catch (error) {
      this.options.onDefect?.(error);
      return false;
    }
  }

  /** Passes the filters without watch list for which the current name is not excluded, or all for an entry without names. */
  private passNeeding(areAll = false): void {
    for (const handle of this.needName)
      if (handle.decided !== this.position && (areAll || !this.isNameExcluded(handle)))
        this.decide(handle, true);
  }

  /** Considers a filter without watch list. */
  private consider(handle: FilterHandle): void {
    if (!this.isOpen(handle)) return;
    if (!this.passesEntry(handle)) this.decide(handle, false);
    else if (handle.excludedNames !== undefined) this.needName.push(handle);
    else this.decide(handle, true);
  }

  /** Considers a filter with a watch list that has the current name. */
  private considerName(handle: FilterHandle): void {
    if (!this.isOpen(handle)) return;
    if (handle.excludedNames !== undefined && this.isNameExcluded(handle)) return;
    this.decide(handle, this.passesEntry(handle));
  }

  /** Returns whether a filter is active and not decided for the current entry. */
  private isOpen(handle: FilterHandle): boolean {
    if (!handle.isActive) return false;
    if (handle.batch !== this.batch) {
      handle.batch = this.batch;
      handle.decided = -1;
      handle.positions.length = 0;
      handle.isOfLog = this.passesLog(handle);
    }
    return handle.decided !== this.position;
  }

  private decide(handle: FilterHandle, hasMatched: boolean): void {
    handle.decided = this.position;
    handle.hasMatched = hasMatched;
    if (!hasMatched || handle.references === 0) return;
    if (handle.within === undefined) this.accept(handle);
    else this.conditional.push(handle);
  }

  private accept(handle: FilterHandle): void {
    if (handle.positions.length === 0) this.touched.push(handle);
    handle.positions.push(this.position);
  }

  private isWithin({ within }: FilterHandle): boolean {
    if (within === undefined) return true;
    const isDecided = within.batch === this.batch && within.decided === this.position;
    return isDecided && within.hasMatched && this.isWithin(within);
  }

  private passesLog({ filter }: FilterHandle): boolean {
    const { operator, log } = filter.terms;
    return (
      (operator === undefined || includesSorted(operator, this.operator)) &&
      (log === undefined || this.identities.some((identity) => includesSorted(log, identity)))
    );
  }

  /** Checks the fields that do not depend on names. */
  private passesEntry(handle: FilterHandle): boolean {
    const { type, ca } = handle.filter.terms;
    if (!handle.isOfLog) return false;
    if (type !== undefined && (this.typeName === undefined || !type.includes(this.typeName))) return false;
    if (ca !== undefined && (ca[0] === 'true') !== this.read().isCa) return false;
    if (handle.issuers !== undefined && !this.issuerIds().hasAny(handle.issuers)) return false;
    if (handle.excludedIssuers !== undefined && this.issuerIds().hasAny(handle.excludedIssuers)) return false;
    return handle.addresses === undefined || this.addressIds().hasAny(handle.addresses);
  }

  private isNameExcluded({ excludedNames = {} }: FilterHandle): boolean {
    if (!this.hasExcluded) this.findExcluded();
    for (const { field, found, isKnown } of this.excluded) {
      const ids = excludedNames[field];
      if (ids !== undefined && (!isKnown || found.hasAny(ids))) return true;
    }
    return false;
  }

  /** Finds the terms that exclude the current name. */
  private findExcluded(): void {
    this.hasExcluded = true;
    for (const kind of this.excluded) {
      kind.found.clear();
      kind.isKnown = this.matchName(this.terms.excluded[kind.field], kind.found.add);
    }
  }

  private read(): EntryReader {
    if (!this.isRead) {
      this.reader.read(this.entries!, this.position);
      this.isRead = true;
    }
    return this.reader;
  }

  private issuerIds(): FoundIds {
    const { matcher } = this.terms.issuers;
    if (!this.hasIssuer) {
      matcher.match(this.read().issuer);
      this.hasIssuer = true;
    }
    return matcher.found;
  }

  private addressIds(): FoundIds {
    if (!this.hasAddresses) {
      this.addresses.clear();
      this.read();
      this.reader.readAddresses((octets) => this.terms.addresses.matcher.match(octets, this.addresses.add));
      this.hasAddresses = true;
    }
    return this.addresses;
  }
}
