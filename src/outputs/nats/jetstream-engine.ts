import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { messageOf } from '../../kernel/certstream-error.js';
import { type JetStreamApiFailure, JetStreamCode, NO_RESPONDERS } from '../../nats/jetstream-api.js';
import { connectionError } from '../../nats/nats-connection.js';
import { MessagesRefusedError, type OutputEngine, type RefusedMessage } from '../engine/output-engine.js';
import type { OutputMessage } from '../messages/output-message.js';
import { OutputError } from '../output-error.js';
import { outputFailure, type NatsSettings } from './nats-connection.js';
import { jetStreamError, noStream, permissionError } from './nats-errors.js';
import { encodedHeaders, type NatsMessage, type NatsMessages, sizeOf } from './nats-message.js';

/** Bounds on what JetStream has not acknowledged yet. The client copies it into its buffers. */
const IN_FLIGHT = { messages: 512, bytes: 1024 * 1024 };

interface PubAck {
  readonly stream?: string;
  readonly error?: JetStreamApiFailure;
}

/** One call of {@link JetStreamEngine.send}. */
interface Delivery {
  readonly messages: Iterator<NatsMessage>;
  /** Messages without an answer, by the last token of their reply subject. */
  readonly inFlight: Map<string, NatsMessage>;
  readonly refused: RefusedMessage[];
  /** Octets in flight. */
  bytes: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * JetStreamEngine publishes messages to JetStream. Up to {@link IN_FLIGHT} are sent before the first is acknowledged. JetStream stores
 * the messages of a connection in the order in which they are sent.
 *
 * It writes the requests and reads the acknowledgements itself: a request of the client makes timers, promises and stack traces for each
 * message, which takes several times the CPU time.
 */
export class JetStreamEngine implements OutputEngine {
  private delivery: Delivery | undefined;
  private failure: Error | undefined;
  private sent = 0;

  /** @param inbox subject of the answers, without the last token. */
  constructor(
    private readonly connection: NatsConnection,
    private readonly inbox: string,
    private readonly settings: NatsSettings,
    private readonly messages: NatsMessages,
  ) {
    messages.bound(connection.info!.max_payload);
    connection.subscribe(`${inbox}.*`, {
      callback: (error, answer) =>
        error === null ? this.answered(answer) : this.fail(permissionError(error)),
    });
    void connection
      .closed()
      .then((error) =>
        this.fail(
          connectionError(settings.servers, error ?? new Error('the connection was closed'), outputFailure),
        ),
      );
    void this.watch();
  }

  async send(entries: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const refused: RefusedMessage[] = [];
    const messages = this.messages.write(entries);
    const abort = (): void => this.fail(new Error('the delivery was aborted', { cause: signal.reason }));
    try {
      await new Promise<void>((resolve, reject) => {
        this.delivery = { messages, inFlight: new Map(), refused, bytes: 0, resolve, reject };
        signal.addEventListener('abort', abort, { once: true });
        if (signal.aborted) abort();
        this.publish(this.delivery);
      });
    } finally {
      this.delivery = undefined;
      signal.removeEventListener('abort', abort);
    }
    if (refused.length > 0) throw new MessagesRefusedError(refused);
  }

  async close(): Promise<void> {
    this.failure ??= new Error('the connection is closed');
    try {
      await this.connection.close();
    } catch {
      // The connection is gone.
    }
  }

  /** Publishes until the limit of messages in flight. Ends the delivery when all are acknowledged. */
  private publish(delivery: Delivery): void {
    const { messages, inFlight, refused } = delivery;
    const { max_payload: limit } = this.connection.info!;
    while (
      this.failure === undefined &&
      inFlight.size < IN_FLIGHT.messages &&
      delivery.bytes < IN_FLIGHT.bytes
    ) {
      const { done, value: message } = messages.next();
      if (done === true) {
        if (inFlight.size === 0) delivery.resolve();
        return;
      }
      const size = sizeOf(message);
      if (size > limit) {
        refuse(refused, message, `it has ${size} octets with its headers, and max_payload is ${limit}`);
        continue;
      }
      const token = (this.sent++).toString(36);
      inFlight.set(token, message);
      delivery.bytes += size;
      try {
        this.connection.publish(message.subject, message.body, {
          reply: `${this.inbox}.${token}`,
          headers: encodedHeaders(message.headers),
        });
      } catch (error) {
        this.fail(connectionError(this.settings.servers, error, outputFailure));
      }
    }
  }

  private answered(answer: Msg): void {
    const { delivery } = this;
    if (delivery === undefined) return;
    const token = answer.subject.slice(this.inbox.length + 1);
    const message = delivery.inFlight.get(token);
    if (message === undefined) return;
    delivery.inFlight.delete(token);
    delivery.bytes -= sizeOf(message);
    const problem = problemOf(answer, message);
    if (problem instanceof Error) {
      this.fail(problem);
      return;
    }
    if (problem !== undefined && message.entries.length > 1) {
      this.messages.bound(Math.ceil(sizeOf(message) / 2));
      this.fail(
        new OutputError('OUTPUT_REFUSED', `a message was too large: ${problem}; the next ones are smaller`),
      );
      return;
    }
    if (problem !== undefined) refuse(delivery.refused, message, problem);
    // Many messages in one write cost less than one write for each.
    const { inFlight, bytes } = delivery;
    if (inFlight.size <= IN_FLIGHT.messages / 2 && bytes <= IN_FLIGHT.bytes / 2) this.publish(delivery);
  }

  /** Errors that the server reports outside of answers, such as a right that is missing. */
  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type !== 'error') continue;
      const { error } = status;
      this.fail(
        error.name === 'PermissionViolationError'
          ? permissionError(error)
          : connectionError(this.settings.servers, error, outputFailure),
      );
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.delivery?.reject(this.failure);
  }
}

/** Returns undefined for an acknowledgement, a text if the message is refused for good, and else an error. */
function problemOf(answer: Msg, message: NatsMessage): Error | string | undefined {
  if (answer.headers?.code === NO_RESPONDERS) return noStream(message.subject);
  let ack: PubAck;
  try {
    ack = answer.json<PubAck>();
  } catch (cause) {
    return new OutputError(
      'OUTPUT_REFUSED',
      `the answer to ${message.subject} is not from JetStream: ${messageOf(cause)}`,
    );
  }
  const { error, stream } = ack;
  if (error?.err_code === JetStreamCode.StreamMessageExceedsMaximum)
    return `it has ${sizeOf(message)} octets with its headers, which is more than max_msg_size of the stream`;
  if (error !== undefined) return jetStreamError(`store ${message.subject}`, error);
  if (typeof stream === 'string' && stream !== '') return undefined;
  return new OutputError('OUTPUT_REFUSED', `the answer to ${message.subject} is not from JetStream`);
}

function refuse(refused: RefusedMessage[], { entries }: NatsMessage, reason: string): void {
  for (const message of entries) refused.push({ message, reason });
}
