import { describe, expect, it } from 'vitest';
import { DeflatedReader } from '../../../test/support/deflated-reader.js';
import { framesOf } from '../../../test/support/stream-clients.js';
import { SeededRandom } from '../../simulator/pki/seeded-random.js';
import { deflateEach, deflateEncoding } from './deflate-encoding.js';
import { SharedDeflate, sharedDeflateEncoding } from './shared-deflate.js';

const message = (i: number) =>
  JSON.stringify({
    cert_index: i,
    fingerprint: 'AB:CD:'.repeat(20),
    subject: { CN: `host${i}.example.com` },
  });
const messages = (from: number, count: number) => Array.from({ length: count }, (_, i) => message(from + i));
const lengths = (frameStart: Uint32Array) => [...frameStart.subarray(1)].map((end, i) => end - frameStart[i]);

describe(SharedDeflate.name, () => {
  it('makes frames that one inflater reads, also far beyond the window', () => {
    const context = new SharedDeflate();
    const reader = new DeflatedReader();
    const sent: string[] = [];
    while (context.textBytes < 300_000) {
      for (const size of [1, 7, 40, 0, 16]) {
        const texts = messages(sent.length, size);
        sent.push(...texts);
        const frames = context.compress(framesOf(texts));
        expect([frames.count, frames.buffer.length]).toEqual([size, frames.frameStart[size]]);
        reader.read(frames.buffer);
      }
    }
    expect(reader.texts).toEqual(sent);
    expect(reader.compressed).toBe(sent.length);
    context.close();
  });

  it('lets a client begin after a window of texts that were compressed alone, and not before', () => {
    const context = new SharedDeflate();
    const { windowBytes } = sharedDeflateEncoding.sharing!;
    const random = new SeededRandom(5);
    const padding = Array.from({ length: 300 }, () => random.bytes(200).toString('base64'));
    // The first half of each text occurred 40 messages before, which is within the window.
    const text = (i: number) => `${i} ${padding[i % 40]}${padding[(i * 7) % 300]}`;
    const early = new DeflatedReader();
    const late = new DeflatedReader();
    let known = 0;
    for (let i = 0; i < 600; i++) {
      const plain = framesOf([text(i)]);
      const shared = context.compress(plain).buffer;
      early.read(shared);
      if (i < 200) continue;
      if (i === 210) expect(() => new DeflatedReader().read(shared)).toThrow('cannot be inflated');
      late.read(known < windowBytes ? deflateEach(plain).buffer : shared);
      known += text(i).length;
    }
    expect(early.texts).toEqual(Array.from({ length: 600 }, (_, i) => text(i)));
    expect(late.texts).toEqual(early.texts.slice(200));
  });

  it.each([0, 1, 20, 125, 126, 127, 65_535, 65_536, 300_000])(
    'makes a frame of a text of %i octets, which may not be compressible',
    (size) => {
      const random = new SeededRandom(size);
      const texts = [
        random
          .bytes(Math.ceil(size / 2))
          .toString('hex')
          .slice(0, size),
        'x'.repeat(size),
      ];
      const reader = new DeflatedReader();
      reader.read(new SharedDeflate().compress(framesOf([...texts, ...texts])).buffer);
      expect(reader.texts).toEqual([...texts, ...texts]);
    },
  );

  it('needs much less than messages that are compressed alone', () => {
    const plain = framesOf(messages(0, 100));
    const shared = new SharedDeflate().compress(plain);
    expect(shared.buffer.length).toBeLessThan(deflateEach(plain).buffer.length / 2);
  });

  it('keeps the frames of a plain batch as they are', () => {
    const plain = framesOf(messages(0, 3));
    expect(sharedDeflateEncoding.encode(plain)).toBe(plain);
  });
});

describe('deflateEncoding', () => {
  it('makes messages that a client reads in any order and between those of a context', () => {
    const alone = deflateEncoding.encode(framesOf(messages(0, 3)));
    for (const i of [2, 0, 1]) {
      const context = new SharedDeflate();
      const reader = new DeflatedReader();
      reader.read(context.compress(framesOf(messages(i, 1))).buffer);
      reader.read(alone.buffer.subarray(alone.frameStart[i], alone.frameStart[i + 1]));
      expect(reader.texts).toEqual([message(i), message(i)]);
      expect(reader.compressed).toBe(2);
    }
  });

  it('keeps the plain frame of a message that compression does not make smaller', () => {
    const texts = ['["a.example"]', message(1), '', '{}', message(2)];
    const plain = framesOf(texts);
    const frames = deflateEncoding.encode(plain);
    const reader = new DeflatedReader();
    reader.read(frames.buffer);
    expect(reader.texts).toEqual(texts);
    expect(reader.compressed).toBe(2);
    const before = lengths(plain.frameStart);
    for (const [i, length] of lengths(frames.frameStart).entries())
      expect(length).toBeLessThanOrEqual(before[i]);
  });

  it('compresses a batch once', () => {
    const plain = framesOf(messages(0, 3));
    expect(deflateEncoding.encode(plain)).toBe(deflateEncoding.encode(plain));
  });
});
