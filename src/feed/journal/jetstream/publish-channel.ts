import { randomBytes } from 'node:crypto';
import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node';
import { WaitQueue } from '../../../kernel/wait-queue.js';
import { type JetStreamApiFailure, NO_RESPONDERS } from '../../../nats/jetstream-api.js';

const ANSWER_WITHIN_MS = 5000;
const SWEEP_MS = 500;

/** The answer to a publish: the sequence of the stored message, an error, or nothing within five seconds or before the connection ended. */
export type PublishAnswer = { readonly seq: number } | { readonly failure: JetStreamApiFailure } | undefined;

interface Pending {
  readonly sentAt: number;
  readonly resolve: (answer: PublishAnswer) => void;
}

/**
 * PublishChannel publishes messages to JetStream and reads the answers. A request of the client would make timers, promises and stack
 * traces for each message, which takes several times the CPU time.
 */
export class PublishChannel {
  /** By the last token of the reply subject. */
  private readonly pending = new Map<string, Pending>();
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private readonly sweeper: NodeJS.Timeout;
  private readonly changes = new WaitQueue();
  private sent = 0;
  private connected: boolean;
  private isClosed = false;

  /** @param onReconnect is called after each new connection. */
  constructor(
    private readonly nats: NatsConnection,
    inboxPrefix: string,
    private readonly onReconnect: () => void,
  ) {
    this.inbox = `${inboxPrefix}.${randomBytes(12).toString('hex')}`;
    this.connected = !nats.isClosed();
    this.subscription = nats.subscribe(`${this.inbox}.*`, {
      callback: (error, answer) => {
        if (error === null) this.answered(answer);
      },
    });
    this.sweeper = setInterval(() => this.sweep(performance.now() - ANSWER_WITHIN_MS), SWEEP_MS);
    this.sweeper.unref();
    void this.watch();
  }

  get isConnected(): boolean {
    return this.connected;
  }

  /** Most octets of a message with its headers. */
  get maxPayload(): number {
    return this.nats.info?.max_payload ?? Infinity;
  }

  /** Resolves when there is a connection, or when the signal is aborted. */
  async whenConnected(signal: AbortSignal): Promise<void> {
    while (!this.connected && !signal.aborted) await this.changes.wait(signal);
  }

  /** Publishes a message. Never rejects. An unanswered message may be stored later. */
  publish(subject: string, headers: MsgHdrs, body: Uint8Array): Promise<PublishAnswer> {
    return new Promise((resolve) => {
      if (this.isClosed || !this.connected) {
        resolve(undefined);
        return;
      }
      const token = (this.sent++).toString(36);
      this.pending.set(token, { sentAt: performance.now(), resolve });
      try {
        this.nats.publish(subject, body, { reply: `${this.inbox}.${token}`, headers });
      } catch {
        this.pending.delete(token);
        resolve(undefined);
      }
    });
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.sweeper);
    if (!this.nats.isClosed()) this.subscription.unsubscribe();
    this.sweep(Infinity);
  }

  private answered(answer: Msg): void {
    const token = answer.subject.slice(this.inbox.length + 1);
    const pending = this.pending.get(token);
    if (pending === undefined) return;
    this.pending.delete(token);
    pending.resolve(answerOf(answer));
  }

  /** Gives up the answers to messages that were sent until a time. */
  private sweep(until: number): void {
    for (const [token, { sentAt, resolve }] of this.pending) {
      if (sentAt > until) break;
      this.pending.delete(token);
      resolve(undefined);
    }
  }

  private async watch(): Promise<void> {
    for await (const { type } of this.nats.status()) {
      if (type === 'disconnect') {
        this.connected = false;
        this.sweep(Infinity);
      } else if (type === 'reconnect') {
        this.connected = true;
        this.changes.wakeAll();
        this.onReconnect();
      }
      if (this.isClosed) return;
    }
    this.connected = false;
    this.sweep(Infinity);
  }
}

function answerOf(answer: Msg): PublishAnswer {
  if (answer.headers?.code === NO_RESPONDERS)
    return { failure: { code: NO_RESPONDERS, description: 'no stream stores the subject' } };
  try {
    const { seq, error } = answer.json<{ seq?: unknown; error?: JetStreamApiFailure }>();
    if (error !== undefined) return { failure: error };
    return typeof seq === 'number' ? { seq } : undefined;
  } catch {
    return undefined;
  }
}
