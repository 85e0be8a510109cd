import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeBody } from './content-encoding.js';

const decode = (body: Buffer, label: string): Promise<Buffer> => decodeBody('u', body, label, 10_000);

describe(decodeBody.name, () => {
  const texts = {
    'a page': Buffer.from('{"entries":[]}'),
    'a checkpoint': Buffer.from('log.example.net/a\n1\nAAAA\n\n— a b\n'),
    'a tile': Buffer.from('0000019ac0ffee00000100', 'hex'),
    'a certificate': Buffer.from('3082010a3000', 'hex'),
    'a hash tile': Buffer.alloc(64, 0xd7),
    nothing: Buffer.alloc(0),
  };

  it.each(Object.entries(texts))('reads %s whatever Content-Encoding says', async (_what, text) => {
    const labels = [
      'aws-chunked',
      'UTF-8',
      'none',
      'identity',
      'gzip',
      'deflate',
      'br',
      'zstd',
      'x',
      'gzip, gzip',
      '',
    ];
    const bodies = [text, gzipSync(text), gzipSync(gzipSync(text)), gzipSync(gzipSync(gzipSync(text)))];
    for (const label of labels) {
      for (const body of bodies) {
        expect(await decode(body, label), label).toEqual(text);
      }
    }
  });

  it('reads encodings that were not requested', async () => {
    const text = Buffer.from('{"tree_size":20}'.repeat(50));
    const encodings = [
      ['br', brotliCompressSync(text)],
      ['aws-chunked, BR', brotliCompressSync(text)],
      ['deflate', deflateSync(text)],
      ['deflate', deflateRawSync(text)],
    ] as const;
    for (const [label, body] of encodings) {
      expect(await decode(body, label), label).toEqual(text);
    }
  });
});
