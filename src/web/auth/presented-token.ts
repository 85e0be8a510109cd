import type { IncomingMessage } from 'node:http';

/** Prefix of the subprotocol that contains a token. */
const PROTOCOL_PREFIX = 'token.';
const MAX_LENGTH = 1024;

/**
 * Removes the access token from a request, so that no later handler can log or echo it. It searches
 * `Authorization: Bearer <token>` (RFC 6750, 2.1), then `?token=<token>`, then the subprotocol `token.<token>`, in which
 * characters that a subprotocol may not contain are percent-encoded. It removes all three and returns the first.
 * @returns undefined if there is no token; '' if the text cannot be a token.
 */
export function takeToken(request: Pick<IncomingMessage, 'headers' | 'url'>): string | undefined {
  const found = [takeBearer(request), takeParameter(request), takeProtocol(request)];
  const token = found.find((each) => each !== undefined);
  return token !== undefined && token.length > MAX_LENGTH ? '' : token;
}

function takeBearer({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const match = /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? '');
  if (match === null) return undefined;
  delete headers.authorization;
  return match[1];
}

function takeParameter(request: Pick<IncomingMessage, 'url'>): string | undefined {
  const [, before, query, after] = /^([^?#]*)\?([^#]*)(.*)$/s.exec(request.url ?? '') ?? [];
  if (query === undefined) return undefined;
  const parameters = query.split('&');
  const others = parameters.filter((parameter) => !isToken(parameter));
  if (others.length === parameters.length) return undefined;
  request.url = `${before}${others.length === 0 ? '' : `?${others.join('&')}`}${after}`;
  const tokens = parameters.filter(isToken).map((parameter) => decoded(parameter.slice('token='.length)));
  return tokens.length === 1 ? tokens[0] : '';
}

function isToken(parameter: string): boolean {
  return parameter === 'token' || parameter.startsWith('token=');
}

function takeProtocol({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const name = 'sec-websocket-protocol';
  const offered = headers[name]?.split(',').map((protocol) => protocol.trim());
  if (offered === undefined) return undefined;
  const tokens = offered.filter((protocol) => protocol.startsWith(PROTOCOL_PREFIX));
  if (tokens.length === 0) return undefined;
  const others = offered.filter((protocol) => !protocol.startsWith(PROTOCOL_PREFIX));
  if (others.length === 0) delete headers[name];
  else headers[name] = others.join(', ');
  return tokens.length === 1 ? decoded(tokens[0].slice(PROTOCOL_PREFIX.length)) : '';
}

/** Decodes percent-encoding. Unlike in forms, `+` is not a space: tokens may contain it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
