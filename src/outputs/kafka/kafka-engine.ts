import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { MessagesRefusedError, type OutputEngine, type RefusedMessage } from '../engine/output-engine.js';
import type { OutputMessage } from '../messages/output-message.js';
import { KafkaBatches, type KafkaMessage } from './kafka-batches.js';
import type { KafkaConnection } from './kafka-connection.js';
import { kafkaError, partitionsTooLarge } from './kafka-errors.js';

/** Writes messages to a topic of Kafka, one request after the other. */
export class KafkaEngine implements OutputEngine {
  private readonly batches: KafkaBatches;
  /** Whether the brokers have answered. */
  private isProven = false;
  private isClosed = false;

  constructor(
    private readonly connection: Pick<KafkaConnection, 'partitions' | 'send' | 'close'>,
    private readonly settings: SettingsOf<'kafka'>,
  ) {
    this.batches = new KafkaBatches(settings);
  }

  async send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    const refused: RefusedMessage[] = [];
    try {
      const partitions = await this.connection.partitions(signal);
      this.isProven = true;
      for (const batch of this.batches.cut(messages, partitions))
        refused.push(...(await this.sendBatch(batch, signal)));
    } catch (error) {
      throw kafkaError(error, this.settings, this.isProven);
    }
    if (refused.length > 0) throw new MessagesRefusedError(refused);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.connection.close();
  }

  /**
   * Sends a batch. If it is too large for a partition, it is sent again in halves, until the single messages that are too large are
   * known. @returns these messages.
   */
  private async sendBatch(batch: readonly KafkaMessage[], signal: AbortSignal): Promise<RefusedMessage[]> {
    signal.throwIfAborted();
    if (this.isClosed) throw new Error('the connection is closed');
    let partitions;
    try {
      await this.connection.send(batch);
      return [];
    } catch (error) {
      partitions = partitionsTooLarge(error, batch);
      if (partitions === undefined) throw error;
    }
    const refused: RefusedMessage[] = [];
    for (const partition of partitions) {
      const part = batch.filter((message) => message.partition === partition);
      if (part.length === 1) {
        refused.push(this.refusal(part[0]));
        continue;
      }
      this.batches.shrink(part);
      const middle = Math.ceil(part.length / 2);
      refused.push(...(await this.sendBatch(part.slice(0, middle), signal)));
      refused.push(...(await this.sendBatch(part.slice(middle), signal)));
    }
    return refused;
  }

  private refusal({ size, source }: KafkaMessage): RefusedMessage {
    const { compression, topic } = this.settings;
    const before = compression === 'none' ? '' : ' before compression';
    return {
      message: source,
      reason: `it has ${size} octets${before}, which is more than max.message.bytes of the topic ${topic}`,
    };
  }
}
