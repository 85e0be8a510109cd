import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../config/config-schema.js';
import { AccessTokens } from './access-tokens.js';
import { takeToken } from './presented-token.js';

const PLAIN = 'plain-token-0123456789';
const HASHED = 'hashed+token/0123456789==';

function tokens() {
  const { auth } = configSchema.parse({
    auth: {
      tokens: [
        { name: 'plain', token: PLAIN, streams: ['lite'], max_connections: 2 },
        { name: 'hashed', token_sha256: createHash('sha256').update(HASHED).digest('hex').toUpperCase() },
      ],
    },
  });
  return new AccessTokens(auth.tokens);
}

interface Given {
  url?: string;
  authorization?: string;
  protocol?: string;
}

function request({ url = '/', authorization, protocol }: Given) {
  const headers = { authorization, 'sec-websocket-protocol': protocol };
  return { url, headers };
}

describe(takeToken.name, () => {
  it.each<[string, Given, string | undefined, Given]>([
    ['nothing', {}, undefined, {}],
    ['a header', { authorization: 'Bearer abc' }, 'abc', {}],
    ['a header in lower case with extra spaces', { authorization: 'bearer  abc ' }, 'abc', {}],
    ['another scheme', { authorization: 'Basic eDp5' }, undefined, { authorization: 'Basic eDp5' }],
    ['a parameter', { url: '/x?token=abc' }, 'abc', { url: '/x' }],
    ['a parameter among others', { url: '/?a=1&token=a%2Bc&b=2' }, 'a+c', { url: '/?a=1&b=2' }],
    ['a parameter with a plus', { url: '/?token=a+c' }, 'a+c', { url: '/' }],
    ['two parameters', { url: '/?token=a&token=b' }, '', { url: '/' }],
    ['an empty parameter', { url: '/?token' }, '', { url: '/' }],
    ['a damaged parameter', { url: '/?token=%zz' }, '', { url: '/' }],
    ['a longer name', { url: '/?tokens=abc' }, undefined, { url: '/?tokens=abc' }],
    ['a protocol', { protocol: 'certstream, token.abc' }, 'abc', { protocol: 'certstream' }],
    ['a protocol before others', { protocol: 'token.a%2Fc%3D,x , y' }, 'a/c=', { protocol: 'x, y' }],
    ['a protocol without others', { protocol: 'token.abc' }, 'abc', {}],
    ['all three', { authorization: 'Bearer a', url: '/?token=b', protocol: 'token.c' }, 'a', { url: '/' }],
    ['a header with a token that is too long', { authorization: `Bearer ${'a'.repeat(1025)}` }, '', {}],
  ])('reads and removes the token: %s', (_what, given, token, left) => {
    const received = request(given);
    expect(takeToken(received)).toBe(token);
    expect(JSON.stringify(received)).toBe(JSON.stringify(request(left)));
  });
});

describe(AccessTokens.name, () => {
  const resultOf = (given: Given, stream?: 'full' | 'lite' | 'domains-only') => {
    const access = tokens();
    const received = request(given);
    access.receive(received);
    return access.refuses(received, stream)?.reason ?? access.tokenOf(received)?.name;
  };

  it('accepts tokens that are configured as text or as a hash', () => {
    expect(resultOf({ authorization: `Bearer ${PLAIN}` }, 'lite')).toBe('plain');
    expect(resultOf({ url: `/?token=${encodeURIComponent(HASHED)}` }, 'full')).toBe('hashed');
    expect(resultOf({ protocol: `certstream, token.${encodeURIComponent(HASHED)}` })).toBe('hashed');
  });

  it('refuses a missing token, a wrong token, and a stream that the token does not open', () => {
    expect(resultOf({})).toBe('token_missing');
    expect(resultOf({ authorization: 'Bearer ' })).toBe('token_missing');
    for (const wrong of [`${PLAIN}x`, PLAIN.slice(1), PLAIN.toUpperCase(), 'x'])
      expect(resultOf({ authorization: `Bearer ${wrong}` })).toBe('token_unknown');
    expect(resultOf({ url: '/?token=' })).toBe('token_unknown');
    expect(resultOf({ authorization: `Bearer ${PLAIN}` }, 'full')).toBe('token_stream');
    expect(resultOf({ authorization: `Bearer ${PLAIN}` })).toBe('plain');
  });

  it('refuses a request that it did not receive, and a request whose token is the digest of a valid token', () => {
    expect(tokens().refuses(request({ authorization: `Bearer ${PLAIN}` }))?.status).toBe(401);
    const digest = createHash('sha256').update(HASHED).digest('hex');
    expect(resultOf({ authorization: `Bearer ${digest}` })).toBe('token_unknown');
  });

  it('leaves requests unchanged and refuses none if no tokens are configured', () => {
    const access = new AccessTokens([]);
    const received = request({ url: '/?token=a' });
    access.receive(received);
    expect(access.refuses(received, 'full')).toBeUndefined();
    expect(received.url).toBe('/?token=a');
  });
});
