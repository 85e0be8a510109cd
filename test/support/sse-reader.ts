import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** One dispatched event (HTML, 9.2.6), or a comment. */
export interface ReceivedEvent {
  /** Value of `event`; `message` without it. */
  readonly type: string;
  readonly data: string;
  /** Last event ID at the time of the event. */
  readonly id: string;
}

/** Message of an event that shows a certificate. */
export interface UpdateMessage {
  readonly message_type: string;
  readonly data: { readonly cert_index: number; readonly source: { readonly url: string } };
}

/** A client of an event stream that reads the octets of a socket and interprets them as HTML, 9.2.6 says. */
export class SseReader {
  /** Status line and headers; undefined before they have arrived. */
  head: string | undefined;
  readonly events: ReceivedEvent[] = [];
  readonly comments: string[] = [];
  lastEventId = '';
  /** Value of the last `retry`, milliseconds. */
  retry: number | undefined;
  isEnded = false;
  readonly socket: Socket;
  private rest = '';
  private type = '';
  private data: string[] = [];
  private readonly waiting = new Set<() => void>();

  /** @param request the complete head of the request. */
  constructor(target: NetConnectOpts, request: string) {
    this.socket = connect(target);
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => this.receive(text));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isEnded = true;
      this.check();
    });
    this.socket.write(request);
  }

  /** Requests a stream. @param headers lines such as `Last-Event-ID: x`. */
  static get(target: NetConnectOpts, path: string, ...headers: readonly string[]): SseReader {
    return new SseReader(
      target,
      `GET ${path} HTTP/1.1\r\n${['Host: localhost', ...headers].join('\r\n')}\r\n\r\n`,
    );
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.head ?? '')?.[1] ?? 0);
  }

  /** The body of an answer that is no event stream. */
  get body(): string {
    return this.rest;
  }

  /** Returns the parsed events without a name. */
  messages(): UpdateMessage[] {
    return this.events
      .filter(({ type }) => type === 'message')
      .map(({ data }) => JSON.parse(data) as UpdateMessage);
  }

  /** Returns the log indices of the messages. */
  indices(): number[] {
    return this.messages().map(({ data }) => data.cert_index);
  }

  of(type: string): unknown[] {
    return this.events.filter((event) => event.type === type).map(({ data }) => JSON.parse(data) as unknown);
  }

  /** Resolves when `predicate` holds. It is checked after each read and at the end. */
  async until(predicate: () => boolean, what: string): Promise<void> {
    if (predicate()) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (done: () => void): void => {
        clearTimeout(deadline);
        this.waiting.delete(check);
        done();
      };
      const failed = (): Error =>
        new Error(`no ${what} in ${this.events.length} events after ${this.head}${this.rest.slice(0, 500)}`);
      const check = (): void => {
        if (predicate()) finish(resolve);
        else if (this.isEnded) finish(() => reject(failed()));
      };
      const deadline = setTimeout(() => finish(() => reject(failed())), 100_000);
      this.waiting.add(check);
    });
  }

  /** Resolves when the connection has ended. */
  ended(): Promise<void> {
    return this.until(() => this.isEnded, 'end');
  }

  /** Cuts the connection. */
  async cut(): Promise<void> {
    this.socket.destroy();
    await this.ended();
  }

  private receive(text: string): void {
    this.rest += text;
    if (this.head === undefined) {
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.rest.slice(0, end + 2);
      this.rest = this.rest.slice(end + 4);
    }
    if (/^content-type: text\/event-stream/im.test(this.head)) this.interpret();
    this.check();
  }

  private check(): void {
    for (const check of this.waiting) check();
  }

  private interpret(): void {
    const lines = this.rest.split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line === '') return this.dispatch();
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line)!;
    if (name === '') this.comments.push(value);
    else if (name === 'event') this.type = value;
    else if (name === 'data') this.data.push(value);
    else if (name === 'id') this.lastEventId = value;
    else if (name === 'retry') this.retry = Number(value);
    else throw new Error(`unknown field in ${line.slice(0, 100)}`);
  }

  private dispatch(): void {
    const { type, data, lastEventId: id } = this;
    this.type = '';
    this.data = [];
    if (data.length > 0)
      this.events.push({ type: type === '' ? 'message' : type, data: data.join('\n'), id });
  }
}
