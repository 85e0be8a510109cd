import { describe, expect, it } from 'vitest';
import { Http1Response } from './http1-response.js';
import type { ResponseFields } from './http-messages.js';

interface Heard {
  status?: number;
  fields?: ResponseFields;
  body: string;
  ended: boolean;
  persistent: boolean;
  keepAliveMs: number | undefined;
  /** Octets after the response. */
  rest: number;
  error?: string;
}

/** Reads `text` in pieces of `size` octets. If `isClosed`, the connection ends after them. */
function read(text: string, size: number, isClosed = false): Heard {
  const heard: Heard = { body: '', ended: false, persistent: false, keepAliveMs: undefined, rest: 0 };
  const response = new Http1Response({
    onHead: (status, fields) => Object.assign(heard, { status, fields }),
    onData: (chunk) => (heard.body += chunk.toString('latin1')),
    onEnd: () => (heard.ended = true),
    onError: () => expect.unreachable(),
  });
  const bytes = Buffer.from(text, 'latin1');
  try {
    let at = 0;
    while (at < bytes.length && !response.isDone) at += response.read(bytes.subarray(at, at + size));
    heard.rest = bytes.length - at;
    if (isClosed && !response.isDone) response.close();
  } catch (error) {
    heard.error = (error as Error).message;
  }
  heard.persistent = response.isPersistent;
  heard.keepAliveMs = response.keepAliveMs;
  return heard;
}

/** Sizes of the pieces: the whole response, single octets, and pieces that cut it everywhere. */
const SIZES = [1_000_000, 1, 2, 3, 7, 16];

describe('Http1Response (RFC 9112)', () => {
  it.each<[string, string, Partial<Heard>]>([
    [
      'Content-Length',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "1"\r\n\r\nhello',
      { status: 200, body: 'hello', fields: { 'content-length': '5', etag: '"1"' }, persistent: true },
    ],
    ['no body', 'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n', { status: 200, body: '' }],
    ['no reason phrase', 'HTTP/1.1 404\r\ncontent-length: 2\r\n\r\nno', { status: 404, body: 'no' }],
    [
      'chunks with extensions and trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b;c="d e";f\r\nhello\r\nA\r\n, world 12\r\n0\r\nX: y\r\n\r\n',
      { body: 'hello, world 12' },
    ],
    ['304 with a length', 'HTTP/1.1 304 N\r\nContent-Length: 99\r\n\r\n', { status: 304, body: '' }],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', persistent: true }],
    [
      'informational responses before the final one',
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
      { status: 200, body: 'x' },
    ],
    [
      'Connection: close',
      'HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 1\r\n\r\nx',
      { persistent: false },
    ],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', { persistent: false }],
    [
      'HTTP/1.0 with keep-alive',
      'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx',
      { persistent: true },
    ],
    [
      'chunks of HTTP/1.0',
      'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
      { body: 'x', persistent: false },
    ],
    [
      'Keep-Alive',
      'HTTP/1.1 200 OK\r\nKeep-Alive: max=3, timeout=5\r\ncontent-length: 1\r\n\r\nx',
      { keepAliveMs: 5000 },
    ],
    [
      'a size of a chunk with many zeros',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'0'.repeat(500)}5\r\nhello\r\n${'0'.repeat(9)}\r\n\r\n`,
      { body: 'hello', persistent: true },
    ],
    [
      'spaces after the size of a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5    \r\nhello\r\n0       \r\n\r\n',
      { body: 'hello', persistent: true },
    ],
    [
      'chunks in spite of a length',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      { body: 'hello', persistent: false, fields: { 'transfer-encoding': 'chunked' } },
    ],
    [
      'both lengths of a response without body',
      'HTTP/1.1 304 N\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      { body: '', persistent: false },
    ],
    [
      'a length that is sent twice',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nContent-Length: 5\r\n\r\nhello',
      { body: 'hello', persistent: false },
    ],
    ['a list of equal lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello', { body: 'hello' }],
    [
      'the transfer coding identity',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: Identity\r\ncontent-length: 5\r\n\r\nhello',
      { body: 'hello' },
    ],
    ...['gzip, chunked', 'gzip,Chunked', 'x-gzip ,\tchunked'].map(
      (coding): [string, string, Partial<Heard>] => [
        `the transfer codings ${coding}`,
        `HTTP/1.1 200 OK\r\ntransfer-encoding: ${coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
        { body: 'hello' },
      ],
    ),
    ['fields without value', 'HTTP/1.1 200 OK\r\nx-a:\r\ncontent-length:1\r\n\r\nx', { body: 'x' }],
  ])('reads %s, in pieces of any size', (_what, text, expected) => {
    for (const size of SIZES)
      expect(read(text, size), `${size}`).toMatchObject({ ...expected, ended: true, rest: 0 });
  });

  it('does not read data after the response', () => {
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200', 1000).rest).toBe(12);
    expect(read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nyz', 1000).rest).toBe(2);
  });

  it('accepts the end of the connection as the end of the body only if the body has no length', () => {
    for (const field of [
      '',
      'transfer-encoding: gzip\r\n',
      'transfer-encoding: chunked, gzip\r\ncontent-length: 3\r\n',
    ])
      expect(read(`HTTP/1.1 200 OK\r\n${field}\r\nall of it`, 4, true)).toMatchObject({
        body: 'all of it',
        ended: true,
        persistent: false,
      });
    for (const text of [
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nall',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nall\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n',
      'HTTP/1.1 200 OK\r\n',
      '',
    ])
      expect(read(text, 5, true).ended, text).toBe(false);
  });

  it.each<[string, string]>([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20\r\n\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['no end of informational responses', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
    ['a length followed by a no-break space', 'HTTP/1.1 200 OK\r\ncontent-length: 1\xa0\r\n\r\nx'],
    ['a signed length', 'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\netag: "1"\r\n x: y\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 1\r\n\r\n'],
    ['a field without colon', 'HTTP/1.1 200 OK\r\ncontent-length\r\n\r\n'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\netag: "1"\rx-y: z\r\n\r\n'],
    ['a bare LF in a value', 'HTTP/1.1 200 OK\r\netag: "1"\nx-y: z\r\n\r\n'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\netag: "\0"\r\n\r\n'],
    ['a control character in a value that is not read', 'HTTP/1.1 200 OK\r\nx: \x01\r\n\r\n'],
    ['a bare LF in the reason phrase', 'HTTP/1.1 200 O\nK\r\n\r\n'],
    ['an informational response that closes', 'HTTP/1.1 103 Early\r\nconnection: close\r\n\r\n'],
    ['an informational response of HTTP/1.0', 'HTTP/1.0 100 Continue\r\n\r\n'],
    ['a folded field of an informational response', 'HTTP/1.1 103 Early\r\n x: y\r\n\r\n'],
    [
      'a bare LF in an extension',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a="\n"\r\nx\r\n0\r\n\r\n',
    ],
    ['a trailer field without colon', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx\r\n\r\n'],
    [
      'a length among the trailer fields',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 1\r\n\r\n',
    ],
    ['a chunk without size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n'],
    ['a signed size of a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n'],
    [
      'a size of more than eight digits',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n100000000\r\n',
    ],
    ['chunks within chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxy\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`],
    [
      'an endless line of a chunk',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'y'.repeat(2000)}`,
    ],
    [
      'endless trailers',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(10_000)}`,
    ],
  ])('refuses %s', (_what, text) => {
    for (const size of [1_000_000, 7]) {
      expect(read(text, size)).toMatchObject({
        ended: false,
        error: expect.stringContaining('not HTTP/1.1'),
      });
    }
  });

  it('makes no further call after it is stopped', () => {
    const calls: string[] = [];
    const response: Http1Response = new Http1Response({
      onHead: () => calls.push('head'),
      onData: () => {
        calls.push('data');
        response.stop();
      },
      onEnd: () => calls.push('end'),
      onError: () => calls.push('error'),
    });
    response.read(
      Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n'),
    );
    expect(calls).toEqual(['head', 'data']);
  });
});
