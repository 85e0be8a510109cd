import { createDeflateRaw, inflateRawSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../simulator/pki/seeded-random.js';
import { DeflateError, RawDeflate, works } from './raw-deflate.js';

const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };

function written(deflate: RawDeflate, source: Buffer): Buffer {
  const target = Buffer.alloc(RawDeflate.bound(source.length) + 20, 0xee);
  const length = deflate.write(source, 0, source.length, target, 10);
  expect(target.subarray(0, 10).every((octet) => octet === 0xee)).toBe(true);
  return target.subarray(10, 10 + length);
}

describe(RawDeflate.name, () => {
  it('is available in this Node.js', () => {
    expect(RawDeflate.isAvailable).toBe(true);
  });

  it.each([1, 3, 6, 9])('writes what an inflater reads, at level %i', (level) => {
    const random = new SeededRandom(level);
    const deflate = new RawDeflate(level);
    const sources: Buffer[] = [];
    const blocks: Buffer[] = [];
    for (const size of [0, 1, 5, 100, 2000, 70_000, 1_000_000]) {
      for (const source of [random.bytes(size), Buffer.from('certificate,'.repeat(size / 12))]) {
        sources.push(source);
        const block = written(deflate, source);
        expect(block.subarray(-4).toString('hex')).toBe('0000ffff');
        blocks.push(block);
      }
    }
    expect(inflateRawSync(Buffer.concat(blocks), SYNC).equals(Buffer.concat(sources))).toBe(true);
    deflate.close();
  });

  it('refers to the texts before, but not to those before a reset', () => {
    const deflate = new RawDeflate(6);
    const text = new SeededRandom(1).bytes(500);
    const first = written(deflate, text);
    expect(written(deflate, text).length).toBeLessThan(first.length / 10);
    deflate.reset();
    const again = written(deflate, text);
    expect(again).toEqual(first);
    expect(inflateRawSync(again, SYNC)).toEqual(text);
  });

  it('throws an error with a code when it is closed', () => {
    const deflate = new RawDeflate(6);
    deflate.close();
    expect(() => written(deflate, Buffer.from('text'))).toThrow(DeflateError);
    expect(() => written(deflate, Buffer.from('text'))).toThrow(
      expect.objectContaining({ code: 'STREAM_DEFLATE' }),
    );
  });
});

describe(works.name, () => {
  /** A stream with other members than those of Node.js. */
  const changed = (change: (stream: object) => void) => () => {
    const stream = createDeflateRaw();
    change(stream);
    return stream;
  };

  it.each<[string, (stream: object) => void]>([
    ['without _handle', (stream) => Reflect.set(stream, '_handle', undefined)],
    ['without _writeState', (stream) => Reflect.deleteProperty(stream, '_writeState')],
    ['without writeSync', (stream) => Reflect.set(stream, '_handle', { reset: () => undefined })],
    [
      'that writes nothing',
      (stream) => Reflect.set(Reflect.get(stream, '_handle'), 'writeSync', () => undefined),
    ],
    ['that cannot be reset', (stream) => Reflect.set(Reflect.get(stream, '_handle'), 'reset', undefined)],
    ['that is closed', (stream) => (stream as { close(): void }).close()],
  ])('finds that a stream %s does not', (_what, change) => {
    expect(works(createDeflateRaw)).toBe(true);
    expect(works(changed(change))).toBe(false);
  });
});
