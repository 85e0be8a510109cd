import { compatibilityPartitioner, murmur2 as ofTheClient } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './kafka-partitioner.js';

describe('murmur2', () => {
  // The values of Kafka's own tests (org.apache.kafka.common.utils.UtilsTest).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Kafka does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it('hashes keys of every length, also with octets above 127, as the client library does', () => {
    const bytes = Buffer.from(Array.from({ length: 70 }, (_, i) => (i * 37 + 200) % 256));
    for (let length = 0; length <= bytes.length; length++) {
      const key = bytes.subarray(0, length);
      expect(murmur2(key), `length ${length}`).toBe(ofTheClient(key));
    }
  });
});

describe('partitionOf', () => {
  it.each(['21', 'foobar', 'abc', 'bG9nIGlkIG9mIHRoZSB0ZXN0cw=='])(
    'is that of the Java client for %s',
    (text) => {
      const key = Buffer.from(text);
      expect(partitionOf(key, 12)).toBe(compatibilityPartitioner(undefined as never, key) % 12);
    },
  );
});
