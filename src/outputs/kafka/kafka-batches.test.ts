import { describe, expect, it } from 'vitest';
import { range } from '../../../test/support/range.js';
import { messagesOf } from '../testing/output-messages.js';
import { KafkaBatches, type KafkaBatchSettings, type KafkaMessage } from './kafka-batches.js';
import { partitionOf } from './kafka-partitioner.js';

const SETTINGS: KafkaBatchSettings = { topic: 'certstream', key: 'log', max_batch_kb: 900 };
const LOG = { url: 'https://log.example', logId: 'bG9nIGlkIG9mIHRoZSB0ZXN0cw==' };

function batchesOf(settings: Partial<KafkaBatchSettings> = {}): KafkaBatches {
  return new KafkaBatches({ ...SETTINGS, ...settings });
}

function hosts(count: number): string[][] {
  return range(0, count).map((i) => [`host-${i}.example.com`]);
}

function indices(batches: Iterable<readonly KafkaMessage[]>): number[][] {
  return [...batches].map((batch) => batch.map(({ source }) => source.index));
}

describe(KafkaBatches.name, () => {
  it('writes the JSON text without a copy, the headers of CloudEvents as octets, and the time of receipt', () => {
    const timestamp = Date.UTC(2026, 10, 29, 12);
    const [message] = messagesOf(hosts(1), { firstIndex: 7, timestamp, source: LOG });
    const [[written]] = batchesOf().cut([message], 6);
    const { buffer, byteOffset, length } = message.text;
    expect(written.value).toMatchObject({ buffer, byteOffset, length });
    expect(written.value.buffer).toBe(buffer);
    expect(written.timestamp).toBe(BigInt(timestamp));
    expect(written.topic).toBe('certstream');
    const headers = [...written.headers].map(([name, value]) => [name.toString(), value.toString()]);
    expect(Object.fromEntries(headers)).toEqual({
      ce_specversion: '1.0',
      ce_id: `${LOG.logId}:7`,
      ce_source: LOG.url,
      ce_type: 'certstream.lite',
      ce_time: '2026-11-29T12:00:00.000Z',
      'content-type': 'application/json',
    });
  });

  it.each([
    ['log', LOG.logId],
    ['domain', 'host-0.example.com'],
    ['sha256', /^[0-9a-f]{64}$/],
  ] as const)('key %s: the partition is that of Kafka for the key', (key, expected) => {
    const [[{ key: bytes, partition }]] = batchesOf({ key }).cut(messagesOf(hosts(1), { source: LOG }), 7);
    const text = bytes!.toString();
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
    expect(partition).toBe(partitionOf(Buffer.from(text), 7));
  });

  it('key log: all messages of a log are in one partition and in order, beside those of other logs', () => {
    const logs = range(0, 20).map((n) => ({ ...LOG, logId: `log ${n}` }));
    const messages = logs.flatMap((source) => messagesOf(hosts(3), { source }));
    const all = [...batchesOf({ max_batch_kb: 4 }).cut(messages, 6)].flat();
    for (const { logId } of logs) {
      const own = all.filter(({ source }) => source.log === logId);
      expect(own.map(({ source }) => source.index)).toEqual([0, 1, 2]);
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    }
    expect(new Set(all.map(({ partition }) => partition)).size).toBe(6);
  });

  it('key none: each batch goes to the next partition, also over several deliveries', () => {
    const batches = batchesOf({ key: 'none', max_batch_kb: 4 });
    const partitions: number[] = [];
    for (const _ of range(0, 3)) {
      const split = [...batches.cut(messagesOf(hosts(8)), 4)];
      for (const batch of split) {
        expect(new Set(batch.map(({ partition }) => partition)).size).toBe(1);
        partitions.push(batch[0].partition);
      }
    }
    expect(partitions).toEqual(partitions.map((_, i) => i % 4));
    expect(partitions.length).toBeGreaterThan(4);
  });

  it('uses only partitions that exist when the topic has fewer than before', () => {
    const batches = batchesOf({ key: 'none' });
    const messages = messagesOf(hosts(1));
    for (const _ of range(0, 5)) batches.cut(messages, 6).next();
    for (const _ of range(0, 5))
      for (const [{ partition }] of batches.cut(messages, 2)) expect(partition).toBeLessThan(2);
  });

  it('splits by octets, in order, and leaves a larger message alone', () => {
    const large = range(0, 300).map((i) => `host-${i}.example.com`);
    const messages = messagesOf([...hosts(5), large, ...hosts(5)]);
    const split = [...batchesOf({ max_batch_kb: 5 }).cut(messages, 1)];
    expect(indices(split).flat()).toEqual(range(0, 11));
    expect(indices(split)).toContainEqual([5]);
    for (const batch of split.filter((one) => one.length > 1))
      expect(batch.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(5 * 1024);
  });

  it('makes smaller batches after one was too large for the topic', () => {
    const batches = batchesOf();
    const messages = messagesOf(hosts(16));
    const [whole] = batches.cut(messages, 1);
    expect(whole).toHaveLength(16);
    batches.shrink(whole);
    const lengths = indices(batches.cut(messages, 1)).map(({ length }) => length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(8);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(16);
  });
});
