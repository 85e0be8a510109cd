import { describe, expect, it } from 'vitest';
import { requestPath } from './request-path.js';

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
    ['//full-stream', '//full-stream'],
    ['/Full-Stream', '/Full-Stream'],
  ])('the path of "%s" is %s', (url, expected) => {
    expect(requestPath({ url })).toBe(expected);
  });
});
