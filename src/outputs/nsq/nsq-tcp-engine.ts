import { type BatchSender, TooLargeError } from '../engine/batch-sender.js';
import type { OutputEngine } from '../engine/output-engine.js';
import { singleLine, unreachable } from '../http/http-poster.js';
import type { OutputMessage } from '../messages/output-message.js';
import { OutputError } from '../output-error.js';
import { NsqConnection, type NsqdAddress, NsqRefusal } from './nsq-connection.js';
import { mpubCommand } from './nsq-protocol.js';

/** A message alone that nsqd cuts off so often is taken for one that is too large. */
const MAX_CUT_OFFS = 5;

/** Publishes over the TCP protocol of nsqd. It connects again when nsqd has closed the connection between two requests. */
export class NsqTcpEngine implements OutputEngine {
  private connection: NsqConnection | undefined;
  private isClosed = false;

  /** @param cutOffs how often nsqd cut off each message that was sent alone; it belongs to the output. */
  constructor(
    private readonly address: NsqdAddress,
    private readonly topic: string,
    private readonly sender: BatchSender,
    private readonly cutOffs: WeakMap<OutputMessage, number>,
  ) {}

  send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    return this.sender.send(messages, (batch) => this.publish(batch, signal));
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.connection?.close();
    return Promise.resolve();
  }

  private async publish(batch: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    const command = mpubCommand(
      this.topic,
      batch.map(({ text }) => text),
    );
    let answer;
    try {
      const connection = await this.connected(signal);
      answer = await connection.send(command, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.failure(error, batch);
    }
    if (answer !== 'OK')
      throw new OutputError('OUTPUT_REFUSED', `nsqd answers MPUB with ${singleLine(answer)}`);
  }

  private async connected(signal: AbortSignal): Promise<NsqConnection> {
    if (this.connection?.isOpen === true) return this.connection;
    this.connection = undefined;
    this.connection = await NsqConnection.open(this.address, signal);
    if (this.isClosed) this.connection.close();
    return this.connection;
  }

  /** A batch is divided at once. A message alone is refused only when nsqd cuts it off again and again. */
  private isTooLarge(batch: readonly OutputMessage[]): boolean {
    if (batch.length > 1) return true;
    const count = (this.cutOffs.get(batch[0]) ?? 0) + 1;
    this.cutOffs.set(batch[0], count);
    return count >= MAX_CUT_OFFS;
  }

  private failure(error: unknown, batch: readonly OutputMessage[]): Error {
    if (!(error instanceof NsqRefusal)) {
      // nsqd refuses a body that is too large before it has read the body. The answer is often lost with the connection.
      if (this.connection?.wasCutOff === true && this.isTooLarge(batch))
        return new TooLargeError('nsqd has closed the connection before it had the whole request');
      return unreachable(`${this.address.host}:${this.address.port}`, error);
    }
    const text = singleLine(error.message);
    if (/^E_BAD_(BODY|MESSAGE)\b.*too big/.test(text)) return new TooLargeError(`nsqd answers ${text}`);
    return new OutputError('OUTPUT_REFUSED', `nsqd answers ${text}`);
  }
}
