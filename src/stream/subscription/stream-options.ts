import type { DialectName } from '../../certificate/dialects/dialect.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { SlowClientPolicy } from '../../config/sections/stream.js';
import { oldestCursor, positionOf, type ReplayStart } from '../../feed/cursor.js';
import type { EntryJournal } from '../../feed/journal/entry-journal.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import { both } from '../../filter/filter-changes.js';
import { FilterError } from '../../filter/filter-error.js';
import { checkParameterNames, type FilterBounds, filterFromQuery } from '../../filter/filter-input.js';
import { FILTER_FIELDS } from '../../filter/filter-terms.js';
import { requestedDialect, single, UNKNOWN_FORMAT } from './stream-query.js';

/** Options that a client chooses in the query of its request (docs/consumers.md). */
export interface StreamOptions {
  /** `?format=` */
  readonly dialect: DialectName;
  /** `?enrich=1`: messages have more fields. */
  readonly enrich: boolean;
  /** `?slow=`: the policy when the queue of the client is full. */
  readonly slow: SlowClientPolicy;
  /** `?events=1`: the client gets messages about the stream, such as gaps and cursors. */
  readonly events: boolean;
  /** Whether the client gets cursors, and so no entry twice under different cursors. */
  readonly hasCursors: boolean;
  readonly filter?: EntryFilter;
  /** The filter of the query and the filter of the access token, which are both part of {@link filter}. */
  readonly own?: EntryFilter;
  readonly within?: EntryFilter;
  /** `?unique=1`: the client gets each certificate once. */
  readonly unique: boolean;
  /** `?since=`: where the stream of the client begins; undefined for now. */
  readonly since?: ReplayStart;
  /** A Last-Event-ID that names no place in the journal. The stream begins with the oldest entry, see {@link since}. */
  readonly unknownId?: string;
  /** `?limit=`: number of messages after which the stream ends. */
  readonly limit?: number;
  /** `?sample=`: messages per second at most; the others are left out and counted. */
  readonly sample?: number;
}

/** The objects that the options depend on. */
export interface StreamOptionsSource {
  readonly webserver: Pick<CertstreamConfig['webserver'], 'format'>;
  readonly stream: Pick<CertstreamConfig['stream'], 'slow_client' | 'slow_client_choices' | 'filters'>;
  readonly journal: Pick<EntryJournal, 'epoch' | 'run' | 'newest' | 'oldest' | 'endOf'>;
  /** The filter of the access token. */
  readonly within?: EntryFilter;
  /** Last-Event-ID of a client that reconnects. It replaces `since` in the query, which an EventSource repeats unchanged. */
  readonly lastEventId?: string;
}

/** A mistake in the query of a request, which is answered with 400. */
export class StreamRequestError extends Error {
  /** @param oldest the oldest cursor, when the mistake is the cursor. */
  constructor(
    readonly code: string,
    message: string,
    readonly oldest?: string,
  ) {
    super(message);
  }
}

const OPTIONS = [
  'format',
  'slow',
  'events',
  'enrich',
  'unique',
  'since',
  'limit',
  'sample',
  'stream',
  'token',
];
const PARAMETERS: readonly string[] = [...OPTIONS, ...FILTER_FIELDS];
const MAX_LIMIT = 1_000_000_000;
const MAX_SAMPLE = 10_000;
const SECONDS_OF = { s: 1, m: 60, h: 3600 } as const;
/** RFC 3339, 5.6. */
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads the options of a stream from a query.
 * @param hasCursors whether each message carries a cursor, as in Server-Sent Events.
 * @throws StreamRequestError
 */
export function streamOptions(
  query: URLSearchParams,
  source: StreamOptionsSource,
  hasCursors = false,
): StreamOptions {
  const { slow_client: configured, slow_client_choices: choices } = source.stream;
  orRefuse(() => checkParameterNames(query, PARAMETERS));
  const dialect = requestedDialect(query, source.webserver.format);
  if (dialect === undefined) throw new StreamRequestError('STREAM_FORMAT', UNKNOWN_FORMAT);
  const allowed = [...new Set([configured, ...choices])];
  const slow = single(query, 'slow', allowed);
  if (slow === undefined)
    throw new StreamRequestError('STREAM_SLOW', `slow must be one of ${allowed.join(', ')}`);
  const events = isChosen(query, 'events');
  const { within, lastEventId = '', journal } = source;
  const resumed = lastEventId === '' ? undefined : positionOf(journal, lastEventId);
  const isUnknown = lastEventId !== '' && resumed === undefined;
  const since =
    lastEventId === '' ? requestedStart(query, journal) : (resumed ?? { seq: journal.oldest, index: 0 });
  const own = requestedFilter(query, source);
  return {
    dialect,
    enrich: isChosen(query, 'enrich'),
    slow: slow === '' ? configured : slow,
    events: events || hasCursors,
    hasCursors: events || hasCursors || since !== undefined,
    filter: both(own, within),
    own,
    within,
    unique: isChosen(query, 'unique'),
    since,
    unknownId: isUnknown ? lastEventId : undefined,
    limit: requestedLimit(query),
    sample: requestedSample(query),
  };
}

/** Reads the filter of a query. @throws StreamRequestError */
function requestedFilter(
  query: URLSearchParams,
  { stream }: Pick<StreamOptionsSource, 'stream'>,
): EntryFilter | undefined {
  return orRefuse(() => filterFromQuery(query, filterBounds(stream.filters, 'query')));
}

/** Returns the bounds of a filter in a query or in JSON. */
export function filterBounds(
  { max_terms, max_terms_in_json, max_expressions, max_filter_bytes }: CertstreamConfig['stream']['filters'],
  source: 'query' | 'json',
): FilterBounds {
  return {
    terms: source === 'query' ? max_terms : max_terms_in_json,
    expressions: max_expressions,
    bytes: max_filter_bytes,
  };
}

function orRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FilterError) throw new StreamRequestError(error.code, error.message);
    throw error;
  }
}

function isChosen(query: URLSearchParams, name: string): boolean {
  const value = single(query, name, ['0', '1']);
  if (value === undefined) throw new StreamRequestError('STREAM_OPTION', `${name} must be 0 or 1`);
  return value === '1';
}

function requestedLimit(query: URLSearchParams): number | undefined {
  const limit = requestedCount(query, 'limit', MAX_LIMIT);
  if (limit !== null) return limit;
  throw new StreamRequestError('STREAM_LIMIT', `limit must be a number from 1 to ${MAX_LIMIT}`);
}

function requestedSample(query: URLSearchParams): number | undefined {
  const sample = requestedCount(query, 'sample', MAX_SAMPLE);
  if (sample !== null) return sample;
  throw new StreamRequestError('STREAM_SAMPLE', `sample must be a number from 1 to ${MAX_SAMPLE}`);
}

/** Reads a number from 1 to `most`. @returns undefined if there is none, null for any other text. */
function requestedCount(query: URLSearchParams, name: string, most: number): number | undefined | null {
  const [text, ...more] = query.getAll(name);
  if (text === undefined || text === '') return undefined;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return more.length === 0 && count >= 1 && count <= most ? count : null;
}

function requestedStart(
  query: URLSearchParams,
  journal: StreamOptionsSource['journal'],
): ReplayStart | undefined {
  const [text, ...more] = query.getAll('since');
  if (text === undefined || text === '') return undefined;
  const start = more.length === 0 ? startOf(text, journal) : undefined;
  if (start !== undefined) return start;
  throw new StreamRequestError(
    'STREAM_SINCE',
    'since is neither a cursor of this server nor a time; times are 2026-01-31T12:00:00Z, Unix seconds, or -90s, -15m, -2h',
    oldestCursor(journal),
  );
}

/** Reads a place in the stream. @returns undefined when the text is neither a time nor a cursor of this journal. */
export function startOf(text: string, journal: StreamOptionsSource['journal']): ReplayStart | undefined {
  const [, amount, unit] = /^-(\d{1,9}(?:\.\d{1,9})?)([smh])$/.exec(text) ?? [];
  if (unit !== undefined)
    return { time: Date.now() - Number(amount) * SECONDS_OF[unit as keyof typeof SECONDS_OF] * 1000 };
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return { time: Number(text) * 1000 };
  // In a query, a `+` that is not percent-encoded becomes a space.
  const written = text.replace(/ (?=\d\d:\d\d$)/, '+');
  const time = RFC3339.test(written) ? Date.parse(written) : NaN;
  return Number.isNaN(time) ? positionOf(journal, text) : { time };
}
