import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { acceptableOffer, type DeflateTerms } from './compression-offer.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** Whether `websocket` is among the protocols of an Upgrade header, in any case (RFC 6455, 4.2.1; RFC 9110, 7.8). */
export function offersWebSocket(upgrade: string | undefined): boolean {
  return elements(upgrade ?? '').some((protocol) => protocol.toLowerCase() === 'websocket');
}

/**
 * Reduces the offers of a client to those that the server accepts, in the form that `ws` expects. The parsers of `ws`
 * answer 400 where the handshake should continue without the offer.
 * @param terms undefined when the server does not compress.
 */
export function settleOffers(headers: IncomingHttpHeaders, terms: DeflateTerms | undefined): void {
  headers.upgrade = 'websocket';
  const extensions = headers['sec-websocket-extensions'];
  if (extensions !== undefined)
    put(headers, 'sec-websocket-extensions', terms && acceptableOffer(extensions, terms));
  const protocols = headers['sec-websocket-protocol'];
  if (protocols !== undefined) put(headers, 'sec-websocket-protocol', distinctProtocols(protocols));
}

const answers = new WeakMap<IncomingMessage, string>();

/** Remembers the extensions in the header lines with which a server accepts a handshake. */
export function noteAnswer(lines: readonly string[], request: IncomingMessage): void {
  const [extensions] = lines.flatMap((line) => /^sec-websocket-extensions: *(.*)$/i.exec(line)?.[1] ?? []);
  if (extensions !== undefined) answers.set(request, extensions);
}

/** Returns the Sec-WebSocket-Extensions of the answer to a request; '' when it has none. */
export function answeredExtensions(request: IncomingMessage): string {
  return answers.get(request) ?? '';
}

/**
 * Removes repeated subprotocols. @returns undefined when the list is empty or has an element that is not a token; the
 * server then selects none.
 */
function distinctProtocols(header: string): string | undefined {
  const protocols = elements(header);
  if (protocols.length === 0 || !protocols.every((protocol) => TOKEN.test(protocol))) return undefined;
  return [...new Set(protocols)].join(', ');
}

/** Returns the elements of a list without the empty ones, which are allowed (RFC 9110, 5.6.1). */
function elements(header: string): string[] {
  return header
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}

function put(
  headers: IncomingHttpHeaders,
  name: 'sec-websocket-extensions' | 'sec-websocket-protocol',
  value: string | undefined,
): void {
  if (value === undefined) delete headers[name];
  else headers[name] = value;
}
