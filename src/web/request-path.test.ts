import { describe, expect, it } from 'vitest';
import { normalisePath, requestPath } from './request-path.js';

describe(requestPath.name, () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['/?a=b', '/'],
    ['/full-stream', '/full-stream'],
    ['/full-stream/', '/full-stream'],
    ['/full-stream//', '/full-stream'],
    ['/full-stream/?token=/x/', '/full-stream'],
    ['/full-stream?x', '/full-stream'],
    ['http://host:8080/full-stream/?x', '/full-stream'],
    ['http://host', '/'],
    ['//full-stream', '/full-stream'],
    ['///full-stream//', '/full-stream'],
    ['http://host//full-stream?x=//', '/full-stream'],
    ['//?x', '/'],
    ['/Full-Stream', '/Full-Stream'],
  ])('the path of "%s" is %s', (url, expected) => {
    expect(requestPath({ url })).toBe(expected);
  });
});

it.each([
  ['//domains-only?since=//x', '/domains-only?since=//x'],
  ['///a//b', '/a//b'],
  ['//', '/'],
  ['/a', '/a'],
  ['http://host//a', 'http://host/a'],
  ['?x', '?x'],
  ['/domains%2Donly?a=%2D', '/domains-only?a=%2D'],
  ['http://host/%66ull%2dstream#%61', 'http://host/full-stream#%61'],
  ['/a%2Fb%3F%23%25%20%C3%BC%252D', '/a%2Fb%3F%23%25%20%C3%BC%252D'],
  ['/%', '/%'],
  ['/%2', '/%2'],
])(
  'slashes at the beginning count as one, and percent-encoding does not matter where it means the same: %s',
  (url, expected) => {
    const request = { url };
    normalisePath(request);
    expect(request.url).toBe(expected);
  },
);
