import { Backoff } from '../../kernel/backoff.js';
import type { Clock } from '../../kernel/clock.js';
import { isStreamMessage, type StreamMessage } from '../certificate-line.js';
import { RefusedError, StreamConnection, UnreachableError } from './stream-connection.js';
import { needsMoreThanNames, SeenCertificates, type Selects } from './local-selection.js';
import { ReceivedSinceCursor } from './received-since-cursor.js';
import type { WatchPrinter } from './watch-printer.js';

/** Pauses between two connections. */
const PAUSES = { firstMs: 1000, longestMs: 60_000, jitter: 0.5 };
/** After this time without an answer to `status`, the server does not know filters. */
const ANSWER_MS = 3000;
/** Messages that are kept until it is clear whether the server has filtered them. */
const MAX_UNDECIDED = 10_000;
/** The code of the answer to a cursor that the server does not know. */
const UNKNOWN_CURSOR = 'STREAM_SINCE';

export interface WatchSessionOptions {
  /** The URL of the stream with the filter, `unique` and the parameters of the user, without `events` and `since`. */
  readonly url: URL;
  readonly token?: string;
  readonly since?: string;
  /** Maximum number of certificates; undefined for no limit. */
  readonly limit?: number;
  /** Selects messages if the server does not. */
  readonly filter?: Selects;
  readonly printer: WatchPrinter;
  readonly clock: Clock;
}

/**
 * WatchSession prints the certificates of a stream until it is stopped. It connects again after a failure and, if the server has
 * cursors, continues after the last certificate. It filters itself if the server does not.
 */
export class WatchSession {
  /** Number of messages that the server reported as missing. */
  missed = 0;
  reconnects = 0;
  private connection: StreamConnection | undefined;
  private isPaused = false;
  private cursor: string | undefined;
  /** Whether the server carries out the filter: unknown until it answers. */
  private serverFilters: boolean | undefined;
  private undecided: { message: StreamMessage; text: string }[] = [];
  private readonly received = new ReceivedSinceCursor();
  private readonly seen = new SeenCertificates();
  private readonly noted = new Set<string>();
  private readonly stopped = new AbortController();
  private cancelAnswerTimer: () => void = () => undefined;

  constructor(private readonly options: WatchSessionOptions) {}

  /**
   * Resolves when {@link stop} was called or the limit is reached.
   * @throws RefusedError; UnreachableError when the first connection fails.
   */
  async run(): Promise<void> {
    const { clock } = this.options;
    const backoff = new Backoff(PAUSES, clock);
    let hasConnected = false;
    while (!this.stopped.signal.aborted) {
      try {
        await this.connect(() => {
          hasConnected = true;
          backoff.reset();
        });
      } catch (error) {
        this.cancelAnswerTimer();
        this.flushUndecided();
        if (this.stopped.signal.aborted) return;
        if (!this.mayRetry(error, hasConnected)) throw error;
        const pause = backoff.failed(error instanceof UnreachableError ? error.retryAfterMs : 0);
        await clock.sleep(pause, this.stopped.signal);
        this.reconnects++;
      }
    }
  }

  stop(): void {
    this.stopped.abort();
    this.cancelAnswerTimer();
    this.connection?.close();
  }

  /** Stops reading, from this connection and from later ones, until {@link resume}: the output is full. */
  pause(): void {
    this.isPaused = true;
    this.connection?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.connection?.resume();
  }

  private async connect(onOpen: () => void): Promise<void> {
    const { url, token } = this.options;
    const asked = new URL(url);
    asked.searchParams.set('events', '1');
    const since = this.cursor ?? this.options.since;
    if (since !== undefined) asked.searchParams.set('since', since);
    const connection = new StreamConnection({
      url: asked,
      ...(token !== undefined && { token }),
      onOpen: () => {
        onOpen();
        this.ask(connection);
        if (this.isPaused) connection.pause();
      },
      onMessage: (text) => this.receive(text),
    });
    this.connection = connection;
    this.received.restart();
    await connection.ended;
  }

  /** Asks the server whether it knows requests and filters. Other servers ignore what a client sends. */
  private ask(connection: StreamConnection): void {
    if (this.serverFilters !== undefined) return;
    connection.send('{"op":"status"}');
    this.cancelAnswerTimer = this.options.clock.after(ANSWER_MS, () => this.decide(false));
  }

  /** Whether a further connection may succeed. Prints why it is necessary. */
  private mayRetry(error: unknown, hasConnected: boolean): boolean {
    const { printer } = this.options;
    if (error instanceof RefusedError && error.reason.code === UNKNOWN_CURSOR && this.cursor !== undefined) {
      printer.note(
        'the server no longer knows the last certificate; continuing with the oldest that it holds',
      );
      this.cursor = error.reason.cursor;
      this.received.clear();
      return true;
    }
    if (!(error instanceof UnreachableError) || !hasConnected) return false;
    printer.note(`${error.message}; connecting again`);
    return true;
  }

  private receive(text: string): void {
    const message = parsed(text);
    if (isStreamMessage(message)) this.receiveCertificate(message, text);
    else if (isEvent(message)) this.receiveEvent(message);
  }

  private receiveCertificate(message: StreamMessage, text: string): void {
    if (this.serverFilters === undefined && this.mustDecide) {
      this.undecided.push({ message, text });
      if (this.undecided.length > MAX_UNDECIDED) this.decide(false);
    } else this.take(message, text);
  }

  private receiveEvent({ message_type: type, data }: EventMessage): void {
    const { cursor, messages, reason } = data;
    if (type === 'status' || type === 'cursor' || type === 'live') this.decide(true);
    if (type === 'gap') {
      const missed = typeof messages === 'number' ? messages : undefined;
      this.missed += missed ?? 0;
      const count = missed === undefined ? '' : `: ${missed}`;
      const why = typeof reason === 'string' ? ` (${reason})` : '';
      this.options.printer.note(`the server left out messages${count}${why}`);
      // The cursor of this gap is a place before it.
      if (reason !== 'expired') return;
    }
    if (typeof cursor !== 'string' || type === 'status' || type === 'error') return;
    this.cursor = cursor;
    this.received.clear();
  }

  private get mustDecide(): boolean {
    const { filter, url } = this.options;
    return filter !== undefined || url.searchParams.has('unique');
  }

  private decide(serverFilters: boolean): void {
    if (this.serverFilters !== undefined) return;
    this.serverFilters = serverFilters;
    this.cancelAnswerTimer();
    if (!serverFilters) this.noteMissingFeatures();
    this.flushUndecided();
  }

  private flushUndecided(): void {
    for (const { message, text } of this.undecided.splice(0)) this.take(message, text);
  }

  private noteMissingFeatures(): void {
    const { since } = this.options;
    if (this.mustDecide) this.noteOnce('the server does not know filters; this command filters its messages');
    if (since !== undefined)
      this.noteOnce('the server does not know --since; it sends only new certificates');
  }

  private noteOnce(line: string): void {
    if (this.noted.has(line)) return;
    this.noted.add(line);
    this.options.printer.note(line);
  }

  private take(message: StreamMessage, text: string): void {
    const { limit, printer } = this.options;
    if (this.stopped.signal.aborted) return;
    if (this.serverFilters !== false && !this.received.isNew(message, text)) return;
    if (this.serverFilters !== true && !this.selects(message)) return;
    printer.print(message, text);
    if (limit !== undefined && printer.printed >= limit) this.stop();
  }

  private selects(message: StreamMessage): boolean {
    const { filter, url } = this.options;
    if (message.message_type === 'dns_entries') {
      if (needsMoreThanNames(url.searchParams) || url.searchParams.has('unique'))
        this.noteOnce(
          'the messages of this stream have only names; use another stream for the other filters',
        );
      return filter?.(message) ?? true;
    }
    if (filter?.(message) === false) return false;
    return !url.searchParams.has('unique') || this.seen.isNew(message);
  }
}

/** A message about the stream (docs/wire-format.md). */
interface EventMessage {
  readonly message_type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEvent(json: unknown): json is EventMessage {
  const { message_type: type, data } = (json ?? {}) as Record<string, unknown>;
  return typeof type === 'string' && typeof data === 'object' && data !== null;
}
