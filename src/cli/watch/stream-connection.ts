import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';

/** Largest message of any certstream server: full messages have at most a few megabytes. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 20_000;
const PING_MS = 30_000;
/** A connection without any data, ping or pong for this time is dead. */
const SILENCE_MS = 75_000;
const MAX_BODY_BYTES = 64 * 1024;

/** `WATCH_REFUSED`: the server answered the handshake with an error that a further try does not change. */
export class RefusedError extends CertstreamError {
  /** @param reason the code of the answer, and the oldest cursor of the server, if it names them. */
  constructor(
    url: string,
    readonly status: number,
    text: string,
    readonly reason: { readonly code?: string; readonly cursor?: string },
  ) {
    super('WATCH_REFUSED', `${url} refused the connection with status ${status}${text && `: ${text}`}`);
  }
}

/** `WATCH_UNREACHABLE`: the connection failed or ended. Further tries may succeed. */
export class UnreachableError extends CertstreamError {
  /** @param retryAfterMs the pause that the server requests. */
  constructor(
    message: string,
    readonly retryAfterMs = 0,
    options?: { cause?: unknown },
  ) {
    super('WATCH_UNREACHABLE', message, options);
  }
}

export interface StreamConnectionOptions {
  /** Without secrets: errors contain it. */
  readonly url: URL;
  readonly token?: string;
  readonly onOpen: () => void;
  /** Called with the text of each message, also of a binary one: the Rust server once sent JSON in them. */
  readonly onMessage: (text: string) => void;
}

/** StreamConnection is one connection to a stream of a certstream server. */
export class StreamConnection {
  /** Rejects with RefusedError or UnreachableError when the connection has ended; resolves after {@link close}. */
  readonly ended: Promise<void>;
  private readonly socket: WebSocket;
  private heardAt = performance.now();
  private isClosing = false;

  constructor(private readonly options: StreamConnectionOptions) {
    const { url, token } = options;
    this.socket = new WebSocket(url, {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    this.ended = this.follow();
  }

  send(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  /** Stops reading until {@link resume}. The server keeps the messages, as far as it does so for slow clients. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.heardAt = performance.now();
    this.socket.resume();
  }

  close(): void {
    this.isClosing = true;
    if (this.socket.readyState === WebSocket.CONNECTING) this.socket.terminate();
    else this.socket.close(1000);
  }

  private async follow(): Promise<void> {
    const { socket } = this;
    const heard = (): void => void (this.heardAt = performance.now());
    const beat = setInterval(() => this.beat(), PING_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.on('open', () => {
          heard();
          this.options.onOpen();
        });
        socket.on('message', (data) => {
          heard();
          if (!this.isClosing) this.options.onMessage((data as Buffer).toString());
        });
        for (const event of ['ping', 'pong'] as const) socket.on(event, heard);
        socket.on('unexpected-response', (_request, response) => {
          this.refused(response).then(reject, reject);
        });
        socket.on('error', (error) => (this.isClosing ? resolve() : reject(this.unreachable(error))));
        socket.on('close', (code, reason) => {
          if (this.isClosing) return resolve();
          const text = reason.length > 0 ? `: ${reason.toString()}` : '';
          reject(new UnreachableError(`${this.name} closed the connection (${code})${text}`));
        });
      });
    } finally {
      clearInterval(beat);
      socket.terminate();
    }
  }

  private get name(): string {
    const { protocol, host, pathname } = this.options.url;
    return `${protocol}//${host}${pathname}`;
  }

  private beat(): void {
    if (this.socket.isPaused || this.socket.readyState !== WebSocket.OPEN) return;
    if (performance.now() - this.heardAt > SILENCE_MS) this.socket.terminate();
    else this.socket.ping();
  }

  private unreachable(error: Error): UnreachableError {
    const reason = messageOf(error) || ((error as NodeJS.ErrnoException).code ?? error.name);
    return new UnreachableError(`${this.name}: ${reason}`, 0, { cause: error });
  }

  /** Returns the error for an answer other than 101: a busy server may accept the next try. */
  private async refused(response: IncomingMessage): Promise<RefusedError | UnreachableError> {
    const { statusCode: status = 0, headers } = response;
    const body = await bodyOf(response);
    const { error, code, oldest } = objectOf(body);
    const text = stringOf(error) ?? body.trim().split('\n', 1)[0].slice(0, 200);
    const seconds = Number(headers['retry-after'] ?? 0);
    if (status === 429 || status >= 500) {
      const said = `${this.name} answered with status ${status}${text && `: ${text}`}`;
      return new UnreachableError(said, seconds > 0 ? seconds * 1000 : 0);
    }
    return new RefusedError(this.name, status, text, { code: stringOf(code), cursor: stringOf(oldest) });
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk as string;
      if (body.length > MAX_BODY_BYTES) break;
    }
  } catch {
    // The status is known, which is enough.
  }
  response.destroy();
  return body;
}

function objectOf(body: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
