import { describe, expect, it } from 'vitest';
import { joinLeadingSlashes, requestPath } from './request-path.js';

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
])('slashes at the beginning count as one: %s', (url, expected) => {
  const request = { url };
  joinLeadingSlashes(request);
  expect(request.url).toBe(expected);
});
