import { createHash } from 'node:crypto';
import { finish, type Steps } from './bounded-steps.js';
import { FILTER_FIELDS, type FilterField, type FilterFields } from './filter-terms.js';
import { indexedOctets, workOf } from './term-work.js';

/** Canonical terms by field, sorted and each once. A field without terms is absent. */
export type FilterTerms = Readonly<Partial<Record<FilterField, readonly string[]>>>;

/** Terms that are hashed in one step. */
const STEP = 2000;

/**
 * The condition that a client sets on the entries that it gets (docs/consumers.md, "Filters"). It is immutable and canonical:
 * filters that are written differently but have the same terms have the same {@link key}.
 */
export class EntryFilter {
  private constructor(
    readonly terms: FilterTerms,
    /** Another filter that an entry must match as well; it has no part in {@link terms} and {@link fields}. */
    readonly within: EntryFilter | undefined,
    /** 43 characters of base64url, equal for equal filters. */
    readonly key: string,
    /** Number of terms, and their octets as JSON, without those of {@link within}. */
    readonly termCount: number,
    readonly bytes: number,
    /** Work to add the terms to an index ({@link workOf}), and the octets that they take there. */
    readonly work: number,
    readonly weight: number,
  ) {}

  /** @param terms must be canonical and contain at least one term */
  static of(terms: FilterTerms, within?: EntryFilter): EntryFilter {
    return finish(EntryFilter.steps(terms, within));
  }

  /** Does the same as {@link of} in steps. */
  static *steps(terms: FilterTerms, within?: EntryFilter): Steps<EntryFilter> {
    const hash = createHash('sha256');
    const ordered: Partial<Record<FilterField, readonly string[]>> = {};
    let count = 0;
    let bytes = 0;
    let work = 0;
    let indexed = 0;
    for (const field of FILTER_FIELDS) {
      const texts = terms[field];
      if (texts === undefined) continue;
      ordered[field] = texts;
      hash.update(`${field}:`);
      for (let at = 0; at < texts.length; at += STEP) {
        const text = JSON.stringify(texts.slice(at, at + STEP));
        hash.update(text);
        bytes += Buffer.byteLength(text);
        for (const term of texts.slice(at, at + STEP)) {
          work += workOf(field, term);
          indexed += indexedOctets(field, term);
        }
        if (texts.length > STEP) yield;
      }
      count += texts.length;
    }
    if (within !== undefined) hash.update(`within:${within.key}`);
    return new EntryFilter(ordered, within, hash.digest('base64url'), count, bytes, work, bytes + indexed);
  }

  /** The filter as the server understood it. */
  get fields(): FilterFields {
    const { ca, ...others } = this.terms;
    return ca === undefined ? others : { ...others, ca: ca[0] === 'true' };
  }

  /**
   * Whether the filter depends on where the entry was seen (`operator`, `log`) or in which form (`type`), and not only on the
   * certificate. The precertificate and the certificate, or two sightings of it, may then have different results.
   */
  get isAboutSighting(): boolean {
    const { operator, log, type } = this.terms;
    return (
      operator !== undefined ||
      log !== undefined ||
      type !== undefined ||
      (this.within?.isAboutSighting ?? false)
    );
  }
}
