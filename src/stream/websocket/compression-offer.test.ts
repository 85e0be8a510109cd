import { describe, expect, it } from 'vitest';
import { acceptableOffer, type DeflateTerms } from './compression-offer.js';

const D = 'permessage-deflate';
const SHARED: DeflateTerms = { serverNoContextTakeover: true, serverMaxWindowBits: 15 };

const chosen = (header: string, terms = SHARED) => acceptableOffer(header, terms);

describe(acceptableOffer.name, () => {
  it.each([
    [D, D],
    [`  ${D}\t`, D],
    [`${D};client_max_window_bits`, D],
    [`${D}; client_max_window_bits=8`, D],
    [`${D}; client_max_window_bits="15"`, D],
    [
      `${D} ; client_no_context_takeover ; server_no_context_takeover`,
      `${D}; client_no_context_takeover; server_no_context_takeover`,
    ],
    [`${D}; server_max_window_bits=15`, `${D}; server_max_window_bits=15`],
    [`${D}; server_max_window_bits = "15"`, `${D}; server_max_window_bits=15`],
    [`${D}; server_max_window_bits="1\\5"`, `${D}; server_max_window_bits=15`],
    // Empty elements (RFC 2616, 2.1), and header lines that Node has joined.
    [`, ,${D},,`, D],
    [`x-webkit-deflate-frame, ${D}`, D],
    [`${D}, ${D}; server_max_window_bits=15`, D],
  ])('accepts %s', (header, offer) => {
    expect(chosen(header)).toBe(offer);
  });

  it.each([
    ['a smaller window (RFC 7692, 7.1.3)', 'server_max_window_bits=10'],
    ['a leading zero', 'server_max_window_bits=09'],
    ['a leading zero in front of 15', 'server_max_window_bits=015'],
    ['a window of 16', 'client_max_window_bits=16'],
    ['a window of 7', 'client_max_window_bits=7'],
    ['a leading zero in a hint', 'client_max_window_bits=010'],
    ['a sign', 'server_max_window_bits=+15'],
    ['an exponent', 'server_max_window_bits=1.5e1'],
    ['hexadecimal digits', 'server_max_window_bits=0xf'],
    ['white space in a value', 'server_max_window_bits=" 15"'],
    ['an empty value', 'server_max_window_bits=""'],
    ['no value where one is needed', 'server_max_window_bits'],
    ['a value where none is allowed', 'server_no_context_takeover=1'],
    ['a quoted value where none is allowed', 'client_no_context_takeover="true"'],
    ['an unknown parameter', 'level=9'],
    ['an unknown parameter without value', 'x'],
    ['a property name of every object', '__proto__'],
    ['a doubled parameter', 'client_no_context_takeover; client_no_context_takeover'],
    ['a doubled parameter with two values', 'server_max_window_bits=15; server_max_window_bits=14'],
    ['a parameter in upper case', 'Server_No_Context_Takeover'],
    ['a comma in quotes', 'x="a, permessage-deflate"'],
    ['a quote in quotes', 'x="\\"; permessage-deflate, "'],
  ])('declines %s, and accepts the next offer', (_what, parameters) => {
    expect(chosen(`${D}; ${parameters}`)).toBeUndefined();
    expect(chosen(`${D}; ${parameters}, ${D}; server_max_window_bits=15`)).toBe(
      `${D}; server_max_window_bits=15`,
    );
    expect(chosen(`${D}; ${parameters}, bzip2; a=b, ${D}; client_max_window_bits`)).toBe(D);
  });

  it('accepts the example of RFC 7692, 7.1.3, and no other extension', () => {
    expect(chosen(`${D}; server_max_window_bits=10, ${D}; client_max_window_bits`)).toBe(D);
    for (const other of [
      'x-webkit-deflate-frame',
      'permessage-bzip2',
      'PERMESSAGE-DEFLATE',
      'permessage-deflate2',
    ])
      expect(chosen(other)).toBeUndefined();
  });

  it.each([
    '',
    ' ',
    ', ,',
    ';',
    `${D};`,
    `${D}; ;client_max_window_bits`,
    `${D}; =15`,
    `${D}; server_max_window_bits=`,
    `${D}; server_max_window_bits="15`,
    `${D}; server_max_window_bits="15\\`,
    `${D}; server_max_window_bits="15"x`,
    `${D} ${D}`,
    `${D}=1`,
    `"${D}"`,
    `${D}; a b`,
    `${D}, {}`,
    `${D}\u00e4`,
    `${D}\0`,
  ])('accepts nothing when the header is malformed: %j', (header) => {
    expect(chosen(header)).toBeUndefined();
    if (header.trim() !== '' && /[^, ]/.test(header)) expect(chosen(`${header}, ${D}`)).toBeUndefined();
  });

  it.each([
    [
      'refuses server_no_context_takeover',
      { serverNoContextTakeover: false },
      'server_no_context_takeover',
      undefined,
    ],
    ['has a window of 12', { serverMaxWindowBits: 12 }, 'server_max_window_bits=11', undefined],
    [
      'has a window of 12',
      { serverMaxWindowBits: 12 },
      'server_max_window_bits=12',
      'server_max_window_bits=12',
    ],
    ['needs a hint', { clientMaxWindowBits: 10 }, 'client_no_context_takeover', undefined],
    ['needs a hint of 10', { clientMaxWindowBits: 10 }, 'client_max_window_bits=9', undefined],
    ['needs a hint of 10', { clientMaxWindowBits: 10 }, 'client_max_window_bits', 'client_max_window_bits'],
    ['has no terms', {}, 'server_max_window_bits=9', 'server_max_window_bits=9'],
  ] satisfies [string, DeflateTerms, string, string | undefined][])(
    'respects the terms of a gateway that %s: %j and %s',
    (_what, terms, parameters, accepted) => {
      expect(chosen(`${D}; ${parameters}`, terms)).toBe(accepted && `${D}; ${accepted}`);
    },
  );

  it.each([
    ['commas', ','.repeat(100_000)],
    ['spaces', ' '.repeat(100_000)],
    ['offers that are declined', `${D}; server_max_window_bits=8,`.repeat(3000)],
    ['doubled parameters', `${D}${'; client_max_window_bits'.repeat(4000)}`],
    ['parameters', `${D}${Array.from({ length: 10_000 }, (_, i) => `; p${i}`).join('')}`],
    ['an open quote', `${D}; x="${'a'.repeat(100_000)}`],
    ['escapes', `${D}; x="${'\\"'.repeat(50_000)}`],
    ['escapes that end', `${D}; x="${'\\"'.repeat(50_000)}"`],
  ])('reads 100 KB of %s in linear time', (_what, header) => {
    // With quadratic time this would exceed the limit of a test.
    for (let i = 0; i < 50; i++) expect(chosen(header)).toBeUndefined();
  });
});
