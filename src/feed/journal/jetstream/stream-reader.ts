import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { Backoff } from '../../../kernel/backoff.js';
import { messageOf } from '../../../kernel/certstream-error.js';
import { systemClock } from '../../../kernel/clock.js';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { JournalStream, StreamState } from './journal-stream.js';
import type { StreamConnection } from './stream-connection.js';

const PAUSES = { firstMs: 100, longestMs: 2000, jitter: 0.5 };
/** With `max_bytes` instead, the servers would refuse most pulls. The least values of the client for the times are these. */
const CONSUME = { max_messages: 32, expires: 2000, idle_heartbeat: 500 };
/** Time after which a stream that is shorter than before has lost messages, milliseconds. */
const SHORTER_FOR_MS = 1000;
/** After these, the consumer may have lost its place, or read another stream. */
const ENDS: ReadonlySet<string> = new Set([
  'reset',
  'ordered_consumer_recreated',
  'consumer_not_found',
  'consumer_deleted',
  'stream_not_found',
  'no_responders',
]);

export interface StreamReaderEvents {
  /** Called with each message in the order of the stream. The next one follows when the promise resolves. */
  message(message: JsMsg): Promise<void>;
  /** Another stream has taken the place of the one that was read. The reader continues with its oldest message. */
  replaced(state: StreamState): void;
  /** The stream has lost its newest messages. The reader continues with those that take their numbers. */
  rolledBack(state: StreamState): void;
}

export interface StreamReaderParts {
  readonly connection: StreamConnection;
  readonly stream: JournalStream;
  readonly problems: ProblemLog;
  /** Sequence of the first message to read. */
  readonly next: number;
  /** Resolves when there is a connection, or when the signal is aborted. */
  readonly whenConnected: (signal: AbortSignal) => Promise<void>;
}

/**
 * StreamReader reads all messages of the stream from a sequence on, for ever. A reader that waits is sent no more than 32 messages. Each
 * session is one consumer, which reads one stream: the reader checks the epoch after it has created the consumer.
 */
export class StreamReader {
  private readonly stopping = new AbortController();
  private readonly backoff = new Backoff(PAUSES);
  private session: ConsumerMessages | undefined;
  private running: Promise<void> | undefined;

  private next: number;
  private epoch: string;

  constructor(
    private readonly parts: StreamReaderParts,
    private readonly events: StreamReaderEvents,
  ) {
    this.next = parts.next;
    this.epoch = parts.stream.state.epoch;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Begins another session at the next message: the connection is a new one, or the stream may be another one. */
  restart(): void {
    this.session?.stop();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.session?.stop();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const { problems, stream } = this.parts;
    const key = 'read';
    while (!signal.aborted) {
      try {
        await this.parts.whenConnected(signal);
        await this.read(signal);
        problems.resolved(key);
        this.backoff.reset();
      } catch (error) {
        problems.report(key, `the stream ${stream.name} cannot be read: ${messageOf(error)}`);
        await systemClock.sleep(this.backoff.failed(), signal);
      }
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    const { connection, stream } = this.parts;
    const consumer = await connection.jetstream.consumers.get(stream.name, { opt_start_seq: this.next });
    try {
      const state = await stream.refresh();
      if (state.epoch !== this.epoch) {
        this.epoch = state.epoch;
        this.next = state.first;
        this.events.replaced(state);
        return;
      }
      if (state.last + 1 < this.next && (await this.isShorter())) {
        this.next = stream.state.last + 1;
        this.events.rolledBack(stream.state);
        return;
      }
      if (signal.aborted) return;
      const session = await consumer.consume(CONSUME);
      this.session = session;
      void this.watch(session);
      for await (const message of session) {
        if (signal.aborted) break;
        this.next = message.seq + 1;
        await this.events.message(message);
      }
    } finally {
      this.session = undefined;
      consumer.delete().catch(() => undefined);
    }
  }

  /** Whether the stream has lost its end, still after a pause: a new leader may not know all records at once. */
  private async isShorter(): Promise<boolean> {
    await systemClock.sleep(SHORTER_FOR_MS, this.stopping.signal);
    const { last } = await this.parts.stream.refresh();
    return last + 1 < this.next;
  }

  private async watch(session: ConsumerMessages): Promise<void> {
    for await (const { type } of session.status()) if (ENDS.has(type)) session.stop();
  }
}
