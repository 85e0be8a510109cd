import type { OutputMessage } from '../messages/output-message.js';
import { MessagesRefusedError, type RefusedMessage } from './output-engine.js';

/** Bounds on one request. A message that is larger than `bytes` alone is a request of its own. */
export interface BatchLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Octets of the request in addition to its messages. */
  readonly head: number;
  /** Octets that a message takes in a request. */
  readonly sizeOf: (message: OutputMessage) => number;
  /** Largest text of a message, in octets; larger ones are refused without a request. */
  readonly largestText?: number;
}

/** The other side refuses a request because of its size. The message is a part of a sentence. */
export class TooLargeError extends Error {}

/**
 * Sends messages in requests of bounded size, one after the other. A request that is too large for the other side is sent again in halves; a
 * message that is too large alone is refused. When a delivery fails, the messages of the requests that were acknowledged are remembered and not
 * sent again with the next try: a large delivery makes progress although the other side fails now and then.
 *
 * It belongs to an output, not to a connection.
 */
export class BatchSender {
  private acknowledged = new WeakSet<OutputMessage>();
  private hasFailed = false;

  constructor(private readonly limits: BatchLimits) {}

  /**
   * @param request sends one batch and resolves when it is acknowledged. @throws TooLargeError
   * @throws MessagesRefusedError after all others are acknowledged; any other error of `request` ends the delivery.
   */
  async send(
    messages: readonly OutputMessage[],
    request: (batch: readonly OutputMessage[]) => Promise<void>,
  ): Promise<void> {
    const acknowledged: (readonly OutputMessage[])[] = [];
    const refused: RefusedMessage[] = [];
    const deliver = async (batch: readonly OutputMessage[]): Promise<void> => {
      try {
        await request(batch);
        acknowledged.push(batch);
      } catch (error) {
        if (!(error instanceof TooLargeError)) throw error;
        if (batch.length === 1) {
          refused.push({ message: batch[0], reason: error.message });
          return;
        }
        const half = Math.ceil(batch.length / 2);
        await deliver(batch.slice(0, half));
        await deliver(batch.slice(half));
      }
    };
    const pending = this.hasFailed ? messages.filter((one) => !this.acknowledged.has(one)) : messages;
    this.hasFailed = false;
    try {
      for (const batch of this.batches(this.admit(pending, refused))) await deliver(batch);
      if (refused.length > 0) throw new MessagesRefusedError(refused);
      this.acknowledged = new WeakSet();
    } catch (error) {
      this.hasFailed = true;
      for (const batch of acknowledged) for (const message of batch) this.acknowledged.add(message);
      throw error;
    }
  }

  private admit(messages: readonly OutputMessage[], refused: RefusedMessage[]): readonly OutputMessage[] {
    const { largestText: largest } = this.limits;
    if (largest === undefined || messages.every(({ size }) => size <= largest)) return messages;
    return messages.filter((message) => {
      const { size } = message;
      if (size <= largest) return true;
      refused.push({ message, reason: `it has ${size} octets, and the limit is ${largest}` });
      return false;
    });
  }

  private *batches(messages: readonly OutputMessage[]): Generator<readonly OutputMessage[]> {
    const { messages: most, bytes, head, sizeOf } = this.limits;
    let from = 0;
    let size = head;
    for (let i = 0; i < messages.length; i++) {
      const octets = sizeOf(messages[i]);
      if (i > from && (i - from >= most || size + octets > bytes)) {
        yield messages.slice(from, i);
        from = i;
        size = head;
      }
      size += octets;
    }
    if (from < messages.length) yield messages.slice(from);
  }
}
