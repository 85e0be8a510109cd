import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import type { CertificateUpdate } from '../certificate/certificate-message.js';

const GIVE_UP_MS = 200_000;

/** A real WebSocket client that keeps every message. Tests can await a condition on its messages. */
export class StreamReader {
  readonly frames: string[] = [];
  /** Resolves with the close code and reason when the connection has ended. */
  readonly closed: Promise<{ code: number; reason: string }>;
  private readonly waiting = new Set<() => void>();

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.frames.push(isBinary ? `binary:${data.toString('hex')}` : data.toString('utf8'));
      for (const check of this.waiting) check();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('error', () => undefined);
  }

  static async connect(url: string, options: ClientOptions = {}): Promise<StreamReader> {
    const reader = new StreamReader(new WebSocket(url, options));
    await once(reader.socket, 'open');
    return reader;
  }

  /** Returns every parsed frame of the full or the lite stream. */
  updates(): CertificateUpdate[] {
    return this.frames.map((frame) => JSON.parse(frame) as CertificateUpdate);
  }

  /** Returns the `cert_index` of every message of one log, in the order of arrival. */
  indices(logUrl: string): number[] {
    return this.updates()
      .filter((update) => update.data.source.url === logUrl.replace(/\/+$/, ''))
      .map((update) => update.data.cert_index);
  }

  /** Resolves when `predicate` holds. It is checked after every message. */
  async until(predicate: (reader: this) => boolean, what = 'the expected messages'): Promise<void> {
    if (predicate(this)) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (!predicate(this)) return;
        this.waiting.delete(check);
        clearTimeout(deadline);
        resolve();
      };
      const deadline = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`gave up waiting for ${what} after ${this.frames.length} messages`));
      }, GIVE_UP_MS);
      this.waiting.add(check);
    });
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
