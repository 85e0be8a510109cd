import { addToQuery, fieldsOfAnswer, type FilterFields } from './filter-text.js';
import { afterRefusal, type ProbeAnswer, reconnectDelayMs } from './reconnect.js';
import { cursorOf, type Gap, isCertificateText, readEvent } from './stream-message.js';

/** Which certificates the stream has. */
export interface Selection {
  readonly fields: FilterFields;
  readonly unique: boolean;
}

export type ConnectionState =
  | { readonly kind: 'off' | 'connecting' | 'replaying' | 'live' | 'token' }
  /** The next attempt is at `retryAtMs`. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly retryAtMs: number }
  | { readonly kind: 'stopped'; readonly reason: string };

/** The server, as a connection needs it. */
export interface StreamServer {
  open(query: URLSearchParams): WebSocket;
  /** Requests the stream over plain HTTP. @returns undefined if the server does not answer. */
  probe(query: URLSearchParams): Promise<ProbeAnswer | undefined>;
}

export interface StreamListener {
  /** A certificate of the sample. */
  onCertificate(text: string): void;
  /** The server left out this number of certificates. The stream would continue after all of these and those before. */
  onPlace(leftOut: number): void;
  /** The certificates since the last {@link onPlace} come again. */
  onReturn(): void;
  onState(state: ConnectionState): void;
  /** The server accepted a selection: it applies to all certificates after this call. */
  onSelected(selection: Selection): void;
  /** The server refused a selection; the one before stays. */
  onRefused(reason: string): void;
  onGap(gap: Gap): void;
}

/** Certificates per second that the server sends at most. It counts the others. */
const SAMPLE = '20';
/** The server sends a message every ten seconds at least. */
const SILENCE_MS = 30_000;
const NOTHING_SELECTED: Selection = { fields: {}, unique: false };

/**
 * The lite stream with events. After a break it connects again with the last cursor, so that certificates are neither lost nor
 * repeated.
 */
export class StreamConnection {
  private socket: WebSocket | undefined;
  private isOpen = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The place at which the stream continues, and the last certificate before the server named a place. */
  private cursor: string | undefined;
  private lastText: string | undefined;
  private selected = NOTHING_SELECTED;
  /** The selection that the server has not answered yet. */
  private wanted: Selection | undefined;
  /** The number of the request that waits for an answer. */
  private pendingId = 0;
  private lastId = 0;

  constructor(
    private readonly server: StreamServer,
    private readonly listener: StreamListener,
  ) {}

  start(): void {
    if (this.socket === undefined && this.timer === undefined) this.connect();
  }

  /** Ends the connection. The next {@link start} begins with the live stream. */
  stop(): void {
    this.drop();
    this.forgetPlace();
    this.failures = 0;
    this.listener.onState({ kind: 'off' });
  }

  /** Connects at once instead of after the wait. */
  retry(): void {
    if (this.socket !== undefined) return;
    this.drop();
    this.connect();
  }

  /** Asks the server for other certificates. {@link StreamListener.onSelected} or `onRefused` follows. */
  select(selection: Selection): void {
    this.wanted = selection;
    if (this.isOpen) this.request();
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.listener.onState({ kind: 'connecting' });
    const query = new URLSearchParams({ events: '1', enrich: '1', format: 'go', sample: SAMPLE });
    const since = this.place();
    if (since !== undefined) query.set('since', since);
    if (this.selected.unique) query.set('unique', '1');
    // A filter that the server accepted before. A page could not see why another one is refused, so that follows on the open connection.
    addToQuery(query, this.selected.fields);
    const socket = this.server.open(query);
    this.socket = socket;
    let silence: ReturnType<typeof setTimeout>;
    const hear = () => {
      clearTimeout(silence);
      silence = setTimeout(() => this.isCurrent(socket) && this.lose(query), SILENCE_MS);
    };
    hear();
    socket.addEventListener('open', () => {
      if (!this.isCurrent(socket)) return;
      this.isOpen = true;
      this.pendingId = 0;
      if (query.has('since')) this.listener.onReturn();
      this.listener.onState({ kind: query.has('since') ? 'replaying' : 'live' });
      if (this.wanted !== undefined) this.request();
    });
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (!this.isCurrent(socket) || typeof data !== 'string') return;
      if (isCertificateText(data)) {
        if (this.cursor === undefined) this.lastText = data;
        this.listener.onCertificate(data);
      } else {
        hear();
        this.read(data);
      }
    });
    socket.addEventListener('close', () => {
      clearTimeout(silence);
      if (this.isCurrent(socket)) this.lose(query);
    });
  }

  private isCurrent(socket: WebSocket): boolean {
    return this.socket === socket;
  }

  private read(text: string): void {
    const event = readEvent(text);
    if (event === undefined) return;
    this.failures = 0;
    switch (event.message_type) {
      case 'live':
        return this.listener.onState({ kind: 'live' });
      case 'cursor':
        return this.keepPlace(event.data.cursor, event.data.left_out ?? 0);
      case 'gap':
        return this.listener.onGap(event.data);
      case 'subscribed':
        if (!this.isAnswer(event.data.id)) return;
        this.selected = { fields: fieldsOfAnswer(event.data.filter), unique: event.data.unique };
        if (event.data.cursor !== null) this.keepPlace(event.data.cursor, 0);
        return this.listener.onSelected(this.selected);
      case 'error':
        if (this.isAnswer(event.data.id)) this.listener.onRefused(event.data.message);
    }
  }

  private keepPlace(cursor: string | undefined, leftOut: number): void {
    this.cursor = cursor;
    this.lastText = undefined;
    this.listener.onPlace(leftOut);
  }

  /** Whether the selection that was wanted last is answered. If another one is wanted meanwhile, it is sent. */
  private isAnswer(id: unknown): boolean {
    if (id !== this.pendingId) return false;
    this.pendingId = 0;
    if (this.lastId === id) {
      this.wanted = undefined;
      return true;
    }
    this.request();
    return false;
  }

  /** Sends the wanted selection, unless an answer is pending: it is sent after that. */
  private request(): void {
    this.lastId++;
    if (this.pendingId !== 0 || this.wanted === undefined) return;
    this.pendingId = this.lastId;
    const { fields, unique } = this.wanted;
    const filter = Object.keys(fields).length === 0 ? undefined : fields;
    this.socket?.send(JSON.stringify({ op: 'subscribe', filter, unique, id: this.pendingId }));
  }

  /** Handles the end of a connection, also of one that never opened. */
  private lose(query: URLSearchParams): void {
    const wasOpen = this.isOpen;
    this.drop();
    this.failures++;
    if (wasOpen) return this.wait('The connection has ended.');
    this.listener.onState({ kind: 'connecting' });
    // A page cannot see why a WebSocket was refused, so it asks again over plain HTTP.
    void this.learnWhy(query);
  }

  private async learnWhy(query: URLSearchParams): Promise<void> {
    const { failures } = this;
    const answer = await this.server.probe(query);
    const isNewest = this.socket === undefined && this.timer === undefined && this.failures === failures;
    if (isNewest) this.follow(answer);
  }

  private follow(answer: ProbeAnswer | undefined): void {
    const next = afterRefusal(answer);
    switch (next.kind) {
      case 'continue':
        this.keepPlace(next.since, 0);
        this.listener.onGap({ reason: 'expired' });
        return this.connect();
      case 'without-filter':
        this.selected = NOTHING_SELECTED;
        this.listener.onSelected(this.selected);
        this.listener.onRefused(next.reason);
        return this.connect();
      case 'token':
        return this.listener.onState({ kind: 'token' });
      case 'stop':
        return this.listener.onState({ kind: 'stopped', reason: next.reason });
      case 'wait':
        return this.wait(next.reason, next.retryAfterMs);
    }
  }

  private wait(reason: string, retryAfterMs?: number): void {
    const delay = reconnectDelayMs(Math.max(1, this.failures), Math.random(), retryAfterMs);
    this.listener.onState({ kind: 'waiting', reason, retryAtMs: Date.now() + delay });
    this.timer = setTimeout(() => this.connect(), delay);
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { socket } = this;
    this.socket = undefined;
    this.isOpen = false;
    socket?.close();
  }

  /** Returns the place at which the stream continues. */
  private place(): string | undefined {
    const cursor = this.lastText === undefined ? undefined : cursorOf(this.lastText);
    if (cursor !== undefined) this.keepPlace(cursor, 0);
    return this.cursor;
  }

  private forgetPlace(): void {
    this.cursor = undefined;
    this.lastText = undefined;
  }
}
