import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { StandIn } from './stand-in.js';

/** How the receiver treats one request instead of storing it and answering 200. */
export type WebhookFault =
  /** Answers without storing. `isEarly`: without reading the body, and closes the connection. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly isEarly?: boolean;
    }
  /** Closes the connection without reading the body. */
  | { readonly kind: 'reset' }
  /** Stores the messages and closes the connection without an answer. */
  | { readonly kind: 'lost-answer' }
  /** Stores the messages and answers 200, with a body that never ends. */
  | { readonly kind: 'endless-body'; readonly isSilent?: boolean }
  /** Stores the messages, answers, and closes the connection after the answer without saying so. */
  | { readonly kind: 'closes-after' }
  /** Writes octets that are not HTTP. */
  | { readonly kind: 'garbage' }
  /** Never answers. */
  | { readonly kind: 'silence' };

export interface ReceivedRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** As it was sent. */
  readonly body: Buffer;
  /** Local port of the sender, which tells connections apart. */
  readonly port: number;
}

/** An HTTP server in this process that takes the messages of a webhook. */
export class WebhookReceiver extends StandIn {
  /** All requests whose body was read, also those that were not stored. */
  readonly requests: ReceivedRequest[] = [];
  /** Faults of the next requests, in order. */
  readonly faults: WebhookFault[] = [];
  /** Fault of a request for which {@link faults} has none. */
  fault: (request: ReceivedRequest) => WebhookFault | undefined = () => undefined;

  private constructor(private readonly tls: { readonly key: string; readonly cert: string } | undefined) {
    super();
  }

  static async start(tls?: { readonly key: string; readonly cert: string }): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(tls);
    await receiver.restart();
    return receiver;
  }

  get url(): string {
    return `${this.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}/hook`;
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { type: 'webhook', url: this.url, allow_private_addresses: true };
  }

  protected createServer(): Server {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.handle(request, response).catch(() => response.destroy());
    };
    return this.tls === undefined ? createServer(answer) : createTlsServer(this.tls, answer);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.paused;
    const next = this.faults[0];
    if (next?.kind === 'reset' || (next?.kind === 'status' && next.isEarly === true)) {
      this.faults.shift();
      if (next.kind === 'status')
        response.writeHead(next.status, { connection: 'close' }).end(() => request.socket.destroySoon());
      else request.socket.resetAndDestroy();
      return;
    }
    const { url = '', headers, socket } = request;
    const received = { url, headers, port: socket.remotePort ?? 0, body: await buffer(request) };
    this.requests.push(received);
    const fault = this.faults.shift() ?? this.fault(received);
    if (fault === undefined || !['status', 'garbage', 'silence'].includes(fault.kind)) this.store(received);
    this.answer(response, fault);
  }

  private answer(response: ServerResponse, fault: WebhookFault | undefined): void {
    switch (fault?.kind) {
      case undefined:
        response.end('{"ok":true}');
        break;
      case 'status':
        response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
        break;
      case 'closes-after':
        response.end('ok', () => setImmediate(() => response.socket?.resetAndDestroy()));
        break;
      case 'endless-body':
        response.writeHead(200);
        response.write('ok');
        if (fault.isSilent !== true) pour(response);
        break;
      case 'garbage':
        response.socket?.end('\0\x01\x02 this is not HTTP\r\n\r\n');
        break;
      case 'silence':
        break;
      default:
        response.socket?.destroy();
    }
  }

  private store({ headers, body }: ReceivedRequest): void {
    const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
    const type = headers['content-type'];
    if (type === 'application/x-ndjson') {
      for (const line of text.split('\n').filter((one) => one !== ''))
        this.messages.push({ lane: '', text: Buffer.from(line) });
      return;
    }
    const value = JSON.parse(text) as unknown;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const event = one as { readonly id?: string; readonly data?: unknown };
      const isEvent = type === 'application/cloudevents-batch+json';
      const id = isEvent ? event.id : (headers['ce-id'] as string | undefined);
      this.messages.push({ id, lane: '', text: Buffer.from(JSON.stringify(isEvent ? event.data : one)) });
    }
  }
}

/** Writes until the connection is closed. */
function pour(response: ServerResponse): void {
  const block = Buffer.alloc(16 * 1024, '.');
  const write = (): void => {
    while (!response.destroyed && response.write(block));
    if (!response.destroyed) response.once('drain', write);
  };
  write();
}
