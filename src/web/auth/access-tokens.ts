import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CertstreamConfig } from '../../config/config-schema.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import { filterFromJson, LARGEST_FILTER } from '../../filter/filter-input.js';
import { forbidden, type Refusal, type RefusalReason } from '../refusal.js';
import { takeToken } from './presented-token.js';

type TokenEntry = CertstreamConfig['auth']['tokens'][number];
/** Name of a stream in `auth.tokens`. */
export type ProtectedStream = TokenEntry['streams'][number];

/** Name and permissions of a configured token. */
export interface AccessToken extends Pick<TokenEntry, 'name' | 'streams' | 'max_connections'> {
  /** The entries that its clients may get; undefined for all. */
  readonly filter?: EntryFilter;
}

const CHALLENGE = 'Bearer realm="certstream"';

interface KnownToken {
  readonly digest: Buffer;
  readonly token: AccessToken;
  /** The permissions as JSON, to compare them. */
  readonly permits: string;
}

/** Checks access tokens. It keeps only the SHA-256 of each token. */
export class AccessTokens {
  private known: readonly KnownToken[];
  private readonly presented = new WeakMap<Pick<IncomingMessage, 'headers'>, AccessToken | RefusalReason>();

  constructor(entries: readonly TokenEntry[]) {
    this.known = entries.map(knownToken);
  }

  /** Accepts other tokens from now on. Clients whose token still has the same permissions have the new name and the new limit. */
  reload(entries: readonly TokenEntry[]): void {
    const before = this.known;
    this.known = entries.map((entry) => {
      const now = knownToken(entry);
      const old = before.find((one) => isSame(one, now));
      if (old === undefined) return now;
      const { name, max_connections } = now.token;
      Object.assign(old.token, { name, max_connections });
      return old;
    });
  }

  /** Returns whether a client that connected with `token`, or without one, may still be connected. */
  permits(token: AccessToken | undefined): boolean {
    return !this.areRequired || this.known.some((known) => known.token === token);
  }

  /** Whether clients need a token. */
  get areRequired(): boolean {
    return this.known.length > 0;
  }

  /** Removes the token from a request and remembers which token it was. Call it before any other code reads the request. */
  receive(request: Pick<IncomingMessage, 'headers' | 'url'>): void {
    if (!this.areRequired) return;
    const text = takeToken(request);
    this.presented.set(request, text === undefined ? 'token_missing' : (this.find(text) ?? 'token_unknown'));
  }

  /** Returns the token of a received request, or undefined if it had no valid one. */
  tokenOf(request: Pick<IncomingMessage, 'headers'>): AccessToken | undefined {
    const presented = this.presented.get(request);
    return typeof presented === 'object' ? presented : undefined;
  }

  /** @param stream undefined where any valid token is enough. */
  refuses(request: Pick<IncomingMessage, 'headers'>, stream?: ProtectedStream): Refusal | undefined {
    if (!this.areRequired) return undefined;
    const presented = this.presented.get(request) ?? 'token_missing';
    if (typeof presented === 'string') return unauthorized(presented);
    if (stream === undefined || presented.streams.includes(stream)) return undefined;
    return {
      ...forbidden('token_stream', 'this access token does not open this stream'),
      token: presented.name,
    };
  }

  /** Whether the client may see all data of the server: its token opens the full stream and has no filter, or no tokens are needed. */
  opensEverything(request: Pick<IncomingMessage, 'headers'>): boolean {
    return this.refuses(request, 'full') === undefined && this.tokenOf(request)?.filter === undefined;
  }

  /** Compares the text with every known token in constant time, also after a match, so that timing reveals nothing. */
  private find(text: string): AccessToken | undefined {
    const digest = digestOf(text);
    let found: AccessToken | undefined;
    for (const candidate of this.known)
      if (timingSafeEqual(candidate.digest, digest)) found = candidate.token;
    return found;
  }
}

function knownToken({ token, token_sha256: hex, filter, ...shown }: TokenEntry): KnownToken {
  return {
    digest: token === '' ? Buffer.from(hex, 'hex') : digestOf(token),
    token: { ...shown, filter: filterFromJson(filter, LARGEST_FILTER) },
    permits: JSON.stringify([shown.streams, filter]),
  };
}

function isSame(one: KnownToken, other: KnownToken): boolean {
  return one.digest.equals(other.digest) && one.permits === other.permits;
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Returns a 401 (RFC 6750, 3). It has no error code if the request had no token. */
function unauthorized(reason: RefusalReason): Refusal {
  const isMissing = reason === 'token_missing';
  return {
    reason,
    status: 401,
    message: isMissing ? 'an access token is needed' : 'unknown access token',
    headers: { 'WWW-Authenticate': isMissing ? CHALLENGE : `${CHALLENGE}, error="invalid_token"` },
  };
}
