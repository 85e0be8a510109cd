import { randomUUID } from 'node:crypto';
import { Consumer } from '@platformatic/kafka';
import type { StoredMessage } from './test-broker.js';

/** A message of Kafka with all its parts. */
export interface KafkaStoredMessage extends StoredMessage {
  readonly offset: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** Returns all messages of a topic, in order within each partition. */
export async function readTopic(broker: string, topic: string): Promise<readonly KafkaStoredMessage[]> {
  const consumer = new Consumer({ clientId: 'tests', groupId: randomUUID(), bootstrapBrokers: [broker] });
  try {
    const ends = (await consumer.listOffsets({ topics: [topic], timestamp: -1n })).get(topic)!;
    const missing = new Set([...ends.keys()].filter((partition) => ends[partition] > 0n));
    const messages: KafkaStoredMessage[] = [];
    if (missing.size === 0) return messages;
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
    for await (const { partition, offset, key, value, headers, timestamp } of stream) {
      const texts = Object.fromEntries([...headers].map(([name, text]) => [String(name), String(text)]));
      messages.push({
        id: texts.ce_id,
        lane: String(partition),
        // A message without a key has none, or an empty one.
        key: (key as Buffer | null)?.toString(),
        text: value,
        offset: Number(offset),
        headers: texts,
        timestamp: Number(timestamp),
      });
      if (offset + 1n >= ends[partition]) missing.delete(partition);
      if (missing.size === 0) break;
    }
    return messages;
  } finally {
    await new Promise<void>((resolve) => consumer.close(true, () => resolve()));
  }
}
