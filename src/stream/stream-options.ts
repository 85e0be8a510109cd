import type { IncomingMessage } from 'node:http';
import type { DialectName } from '../certificate/dialects/dialect.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import type { SlowClientPolicy } from '../config/sections/stream.js';
import { requestedDialect, UNKNOWN_FORMAT } from './requested-dialect.js';

/** What a client chooses with the query of its upgrade request. */
export interface StreamOptions {
  /** `?format=` */
  readonly dialect: DialectName;
  /** `?slow=`: what happens when the client's queue is full. */
  readonly slow: SlowClientPolicy;
  /** `?events=1`: the client is told in-band what it missed. */
  readonly events: boolean;
}

/** What the choices depend on. */
export interface StreamOptionsConfig {
  readonly webserver: Pick<CertstreamConfig['webserver'], 'format'>;
  readonly stream: Pick<CertstreamConfig['stream'], 'slow_client' | 'slow_client_choices'>;
}

/** @returns the options, or what is wrong with them in a sentence for the client. */
export function requestedOptions(
  request: Pick<IncomingMessage, 'url'>,
  { webserver, stream }: StreamOptionsConfig,
): StreamOptions | string {
  const dialect = requestedDialect(request, webserver.format);
  if (dialect === undefined) return UNKNOWN_FORMAT;
  const { slow_client: configured, slow_client_choices: choices } = stream;
  const query = new URLSearchParams(/\?([^#]*)/.exec(request.url ?? '')?.[1]);
  const allowed = [...new Set([configured, ...choices])];
  const slow = single(query, 'slow', allowed);
  if (slow === undefined) return `slow must be one of ${allowed.join(', ')}`;
  const events = single(query, 'events', ['0', '1']);
  if (events === undefined) return 'events must be 0 or 1';
  return { dialect, slow: slow === '' ? configured : slow, events: events === '1' };
}

/** The value of a parameter; '' when it is not there, undefined when it is not allowed or there twice. */
function single<const T extends string>(
  query: URLSearchParams,
  name: string,
  allowed: readonly T[],
): T | '' | undefined {
  const values = query.getAll(name);
  if (values.length === 0) return '';
  return values.length === 1 ? allowed.find((value) => value === values[0]) : undefined;
}
