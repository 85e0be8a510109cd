import type { PerMessageDeflateOptions } from 'ws';

const DEFLATE = 'permessage-deflate';
/** The size of a window in bits: a decimal integer without leading zeroes (RFC 7692, 7.1.2). */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const TOKEN_CHARACTER = /[!#$%&'*+\-.^_`|~\dA-Za-z]/;

/** The terms of a server, such as the options of `ws`. A window size is the smallest that the server accepts. */
export type DeflateTerms = Pick<
  PerMessageDeflateOptions,
  'serverNoContextTakeover' | 'serverMaxWindowBits' | 'clientMaxWindowBits'
>;

/** One extension that a client offers. A parameter without a value has undefined. */
interface Offer {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/**
 * Returns the first offer in a Sec-WebSocket-Extensions header that a server can accept on its terms, in a form that
 * every parser understands. Other offers are declined (RFC 7692, 5.1 and 7.1). Takes O(header).
 * @returns undefined when no offer is acceptable or the header violates RFC 6455, 9.1: the connection has no
 * extension.
 */
export function acceptableOffer(header: string, terms: DeflateTerms): string | undefined {
  for (const offer of new OfferReader(header).read() ?? []) {
    const text = offer.name === DEFLATE ? accepted(offer, terms) : undefined;
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * Whether the server may refer to earlier messages when it compresses (RFC 7692, 7.1.1.1).
 * @param answer the Sec-WebSocket-Extensions of the server.
 */
export function keepsServerContext(answer: string): boolean {
  const [extension] = new OfferReader(answer).read() ?? [];
  const given = new Map(extension?.parameters);
  return (
    extension?.name === DEFLATE &&
    !given.has('server_no_context_takeover') &&
    (given.get('server_max_window_bits') ?? '15') === '15'
  );
}

function accepted({ parameters }: Offer, terms: DeflateTerms): string | undefined {
  const given = new Map(parameters);
  if (given.size < parameters.length || !parameters.every(isValid)) return undefined;
  const serverBits = given.get('server_max_window_bits');
  const { serverNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = terms;
  if (serverNoContextTakeover === false && given.has('server_no_context_takeover')) return undefined;
  if (serverBits !== undefined && !isWithin(serverMaxWindowBits, serverBits)) return undefined;
  const hasClientTerms = clientMaxWindowBits !== undefined;
  if (hasClientTerms) {
    if (!given.has('client_max_window_bits')) return undefined;
    if (!isWithin(clientMaxWindowBits, given.get('client_max_window_bits') ?? '15')) return undefined;
  }
  const written = parameters
    // The server may ignore this hint (7.1.2.2). zlib cannot compress with 8 bits, so clients that name 8 do not use
    // them either.
    .filter(([name]) => hasClientTerms || name !== 'client_max_window_bits')
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`));
  return [DEFLATE, ...written].join('; ');
}

function isWithin(smallest: number | undefined, bits: string): boolean {
  return smallest === undefined || smallest <= Number(bits);
}

/** Whether a parameter has a valid name and value (RFC 7692, 7.1.1 and 7.1.2). */
function isValid([name, value]: readonly [string, string | undefined]): boolean {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === undefined;
    case 'server_max_window_bits':
      return value !== undefined && WINDOW_BITS.test(value);
    case 'client_max_window_bits':
      return value === undefined || WINDOW_BITS.test(value);
    default:
      return false;
  }
}

/** Parses the grammar of RFC 6455, 9.1, with the empty elements and white space that RFC 2616, 2.1 allows. */
class OfferReader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** @returns undefined when the header is malformed. */
  read(): Offer[] | undefined {
    const offers: Offer[] = [];
    for (;;) {
      while (this.takes(','));
      if (this.at === this.text.length) return offers;
      const offer = this.readOffer();
      if (offer === undefined) return undefined;
      offers.push(offer);
      if (this.at < this.text.length && this.text[this.at] !== ',') return undefined;
    }
  }

  private readOffer(): Offer | undefined {
    const name = this.token();
    const parameters: [string, string | undefined][] = [];
    while (this.takes(';')) {
      const parameter = this.token();
      const value = this.takes('=') ? (this.takes('"') ? this.restOfQuoted() : this.token()) : undefined;
      // A quoted value that is not a token is readable and never acceptable. An empty token or an open quote is
      // malformed.
      if (parameter === '' || value === '' || value === null) return undefined;
      parameters.push([parameter, value]);
    }
    return name === '' ? undefined : { name, parameters };
  }

  private token(): string {
    this.skipSpace();
    const start = this.at;
    while (this.at < this.text.length && TOKEN_CHARACTER.test(this.text[this.at])) this.at++;
    return this.text.slice(start, this.at);
  }

  /** Reads a quoted value after its opening quote. @returns the unescaped value, or null without a closing quote. */
  private restOfQuoted(): string | null {
    const characters: string[] = [];
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at];
      if (character === '"') {
        this.at++;
        const value = characters.join('');
        return TOKEN.test(value) ? value : `"${value}"`;
      }
      if (character === '\\') this.at++;
      characters.push(this.text[this.at] ?? '');
    }
    return null;
  }

  /** Consumes a character and the white space before it. */
  private takes(character: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }
}
