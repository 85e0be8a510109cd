import type { FaultSpec } from '../../src/simulator/faults/faults.js';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';

/** The tests append entries INITIAL to GROWN during a fault. A tile and a page end within this range. */
export const INITIAL = 250;
export const GROWN = 280;

export type Protocol = 'rfc6962' | 'static-ct';

/** One fault of a log and its expected effect on the server. */
export interface LogFault {
  readonly name: string;
  readonly fault: FaultKind;
  readonly at: 'head' | 'entries' | 'everything';
  /** The promise that holds despite the fault; by default {@link NOTHING_LOST}. */
  readonly promise?: string;
  /** Code of the error that is counted; undefined when the server detects no error. */
  readonly code: string | undefined;
  /** Some entries arrive during the fault. */
  readonly goesOn?: true;
  /** The streamed entries differ from those that the log signed, and are streamed again after the fault. */
  readonly again?: true;
  /** Hits only every n-th request. */
  readonly every?: number;
  readonly only?: Protocol;
}

/** The promise that is checked for every fault. */
export const NOTHING_LOST = 'afterwards every index has arrived, once and in order';
const NOTHING_STREAMED = `nothing unsigned is streamed; ${NOTHING_LOST}`;
const BOUNDED = `no more than the allowed size is read; ${NOTHING_LOST}`;
const GOES_ON = `streaming continues meanwhile; ${NOTHING_LOST}`;

const LIMITED = 'CT_RATE_LIMITED';
const STATUS = 'CT_HTTP_STATUS';
const NETWORK = 'CT_NETWORK';
const TIMEOUT = 'CT_TIMEOUT';
const TOO_LARGE = 'CT_TOO_LARGE';
const HEAD = 'CT_MALFORMED_TREE_HEAD';
const PAGE = 'CT_MALFORMED_PAGE';
const TILE = 'CT_MALFORMED_TILE';
const ENCODING = 'CT_MALFORMED_ENCODING';
const OLDER = 'CT_TREE_HEAD_OLDER';
const SIGNATURE = 'CT_TREE_HEAD_SIGNATURE';
const LEAF_INDEX = 'CT_LEAF_INDEX';

function status(code: number, retryAfter?: number | { dateIn: number } | string): FaultKind {
  return { kind: 'status', status: code, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** All faults except those that only a Merkle proof reveals: swapped, changed or missing leaves of an RFC 6962 page. */
export const LOG_FAULTS: readonly LogFault[] = [
  { name: '429, Retry-After in seconds', fault: status(429, 1), at: 'entries', code: LIMITED },
  { name: '429, Retry-After as a date', fault: status(429, { dateIn: 2 }), at: 'entries', code: LIMITED },
  { name: '429, Retry-After of 0', fault: status(429, 0), at: 'entries', code: LIMITED },
  { name: '429, no Retry-After', fault: status(429), at: 'head', code: LIMITED },
  { name: '429, unreadable Retry-After', fault: status(429, 'soon'), at: 'entries', code: LIMITED },
  { name: '503 with Retry-After', fault: status(503, 1), at: 'head', code: LIMITED },
  { name: '500', fault: status(500), at: 'entries', code: STATUS },
  {
    name: '502 to every second request',
    fault: status(502),
    at: 'everything',
    every: 2,
    goesOn: true,
    code: STATUS,
  },
  { name: '404 to everything', fault: status(404), at: 'everything', code: STATUS },
  { name: 'a redirect', fault: { kind: 'redirect', location: '/elsewhere' }, at: 'head', code: STATUS },
  { name: 'HTML as a head', fault: { kind: 'html' }, at: 'head', code: HEAD },
  { name: 'HTML as a page', fault: { kind: 'html' }, at: 'entries', code: PAGE, only: 'rfc6962' },
  { name: 'HTML as a tile', fault: { kind: 'html' }, at: 'entries', code: TILE, only: 'static-ct' },
  { name: 'silence in the middle of a head', fault: { kind: 'stall' }, at: 'head', code: TIMEOUT },
  { name: 'silence in the middle of a body', fault: { kind: 'stall' }, at: 'entries', code: TIMEOUT },
  { name: 'one byte at a time', fault: { kind: 'slow-loris' }, at: 'entries', code: TIMEOUT },
  { name: 'a reset before the answer', fault: { kind: 'reset' }, at: 'head', code: NETWORK },
  {
    name: 'a reset in the middle of a body',
    fault: { kind: 'reset', afterBytes: 500 },
    at: 'entries',
    code: NETWORK,
  },
  { name: 'an early end', fault: { kind: 'disconnect' }, at: 'entries', code: NETWORK },
  {
    name: 'a Content-Length that is too small',
    fault: { kind: 'content-length', delta: -10 },
    at: 'entries',
    code: undefined,
  },
  {
    name: 'a Content-Length that is too large',
    fault: { kind: 'content-length', delta: 10 },
    at: 'head',
    code: NETWORK,
  },
  { name: 'half a head', fault: { kind: 'truncate' }, at: 'head', code: HEAD },
  { name: 'half a page', fault: { kind: 'truncate' }, at: 'entries', code: PAGE, only: 'rfc6962' },
  { name: 'half a tile', fault: { kind: 'truncate' }, at: 'entries', code: ENCODING, only: 'static-ct' },
  { name: 'a flipped bit in the head', fault: { kind: 'flip-byte', offset: 0 }, at: 'head', code: HEAD },
  {
    name: 'a flipped bit in the page',
    fault: { kind: 'flip-byte', offset: 0 },
    at: 'entries',
    code: PAGE,
    only: 'rfc6962',
  },
  {
    name: 'a flipped bit in the tile',
    fault: { kind: 'flip-byte' },
    at: 'entries',
    code: ENCODING,
    only: 'static-ct',
  },
  ...['aws-chunked', 'UTF-8', 'none', 'br'].map((label): LogFault => ({
    name: `Content-Encoding: ${label}, which is wrong`,
    promise: GOES_ON,
    fault: { kind: 'encoding', label },
    at: 'everything',
    goesOn: true,
    code: undefined,
  })),
  {
    name: 'bodies that are compressed twice',
    promise: GOES_ON,
    fault: { kind: 'encoding', label: 'gzip, gzip', gzip: 2 },
    at: 'everything',
    goesOn: true,
    code: undefined,
  },
  {
    name: 'sizes of chunks with ten digits',
    promise: GOES_ON,
    fault: { kind: 'padded-chunks' },
    at: 'everything',
    goesOn: true,
    code: undefined,
  },
  {
    promise: BOUNDED,
    name: 'a gzip bomb of 512 MB',
    fault: { kind: 'gzip-bomb', bytes: 1 << 29 },
    at: 'entries',
    code: TOO_LARGE,
  },
  {
    promise: BOUNDED,
    name: 'a body of 100 MB',
    fault: { kind: 'huge-body' },
    at: 'entries',
    code: TOO_LARGE,
  },
  {
    name: 'a body that is too large, with its Content-Length',
    promise: BOUNDED,
    fault: { kind: 'huge-body', declareLength: true },
    at: 'entries',
    code: TOO_LARGE,
  },
  {
    name: 'short pages',
    fault: { kind: 'short-page', count: 7 },
    at: 'entries',
    code: undefined,
    only: 'rfc6962',
  },
  {
    name: 'a short tile',
    fault: { kind: 'short-page', count: 7 },
    at: 'entries',
    code: TILE,
    only: 'static-ct',
  },
  { name: 'an empty page', fault: { kind: 'empty-page' }, at: 'entries', code: PAGE, only: 'rfc6962' },
  { name: 'an empty tile', fault: { kind: 'empty-page' }, at: 'entries', code: TILE, only: 'static-ct' },
  {
    name: 'too many entries',
    fault: { kind: 'too-many-entries' },
    at: 'entries',
    code: PAGE,
    only: 'rfc6962',
  },
  {
    name: 'a tile that is too long',
    fault: { kind: 'too-many-entries' },
    at: 'entries',
    code: TILE,
    only: 'static-ct',
  },
  {
    name: 'missing partial tiles',
    fault: { kind: 'missing-partial' },
    at: 'entries',
    code: STATUS,
    goesOn: true,
    only: 'static-ct',
  },
  {
    name: 'a duplicated entry',
    fault: { kind: 'duplicate-entry' },
    at: 'entries',
    code: LEAF_INDEX,
    only: 'static-ct',
  },
  {
    name: 'a missing entry',
    fault: { kind: 'skip-entry' },
    at: 'entries',
    code: LEAF_INDEX,
    only: 'static-ct',
  },
  {
    name: 'entries in the wrong order',
    fault: { kind: 'reorder-entries' },
    at: 'entries',
    // Entries in their right place are streamed.
    goesOn: true,
    code: LEAF_INDEX,
    only: 'static-ct',
  },
  {
    promise: NOTHING_STREAMED,
    name: 'a wrong signature',
    fault: { kind: 'bad-signature' },
    at: 'head',
    code: SIGNATURE,
  },
  {
    promise: NOTHING_STREAMED,
    name: 'the signature of another key',
    fault: { kind: 'other-key' },
    at: 'head',
    code: SIGNATURE,
  },
  { name: 'a head with a smaller tree', fault: { kind: 'older-head', size: 100 }, at: 'head', code: OLDER },
  {
    name: 'the previous head',
    fault: { kind: 'older-head' },
    at: 'head',
    every: 2,
    goesOn: true,
    code: OLDER,
  },
  { name: 'heads of the past', fault: { kind: 'clock-skew', ms: -3_600_000 }, at: 'head', code: undefined },
  { name: 'heads of the future', fault: { kind: 'clock-skew', ms: 3_600_000 }, at: 'head', code: undefined },
  {
    name: 'heads that jump an hour ahead and back',
    promise: GOES_ON,
    fault: { kind: 'clock-skew', ms: 3_600_000 },
    at: 'head',
    every: 2,
    goesOn: true,
    code: undefined,
  },
  {
    name: 'another history',
    fault: { kind: 'fork', from: 240 },
    at: 'everything',
    code: 'CT_TREE_MISMATCH',
    goesOn: true,
    again: true,
  },
  {
    name: 'two alternating histories of the same size',
    fault: { kind: 'fork', from: 240 },
    at: 'head',
    every: 2,
    code: 'CT_TREE_FORK',
    goesOn: true,
  },
  {
    name: 'two alternating histories of different sizes',
    fault: { kind: 'fork', from: 240, shorter: 3 },
    at: 'head',
    every: 2,
    code: undefined,
    goesOn: true,
  },
];

export function faultsOf(protocol: Protocol): LogFault[] {
  return LOG_FAULTS.filter(({ only = protocol }) => only === protocol);
}

/** Returns a fault that lasts until it is removed. */
export function faultSpec({ fault, at, every = 1 }: LogFault, protocol: Protocol): FaultSpec {
  const [head, entries] =
    protocol === 'rfc6962' ? (['get-sth', 'get-entries'] as const) : (['checkpoint', 'tile-data'] as const);
  const endpoint = { everything: '*', head, entries } as const;
  return { ...fault, endpoint: endpoint[at], every };
}
