import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { StreamKind } from '../../src/certificate/certificate-batch.js';
import { entryOf } from './message-entry.js';

const PATHS: Record<StreamKind, string> = { full: '/full-stream', lite: '/', domains: '/domains-only' };

/** Order-independent sum over texts. It is equal for equal multisets and practically always different for others. */
export class TextSum {
  count = 0;
  private sum = 0;

  add(text: Buffer): void {
    let hash = 0x811c9dc5;
    for (const byte of text) hash = Math.imul(hash ^ byte, 0x01000193);
    this.sum = (this.sum + (hash >>> 0)) % Number.MAX_SAFE_INTEGER;
    this.count++;
  }

  toString(): string {
    return `${this.count}:${this.sum}`;
  }
}

/**
 * A client that checks messages instead of keeping them. The full and lite streams must contain every index of every log in
 * order and exactly once. The messages of the domains stream have no index, so the client sums up their texts.
 */
export class VerifyingClient {
  /** The expected next index by log URL. The first message of a log that is not in the map may have any index. */
  readonly next = new Map<string, number>();
  /** The index of the first message by log URL. */
  readonly first = new Map<string, number>();
  /** Called with the log URL and the index of each message, for measurements. */
  onEntry: ((url: string, index: number) => void) | undefined;
  readonly domains = new TextSum();
  readonly mistakes: string[] = [];
  messages = 0;
  private socket: WebSocket | undefined;

  constructor(readonly kind: StreamKind) {}

  async connect(serverUrl: string): Promise<void> {
    const socket = new WebSocket(serverUrl.replace('http', 'ws') + PATHS[this.kind]);
    this.socket = socket;
    socket.on('message', (text: Buffer) => this.check(text));
    // `open` and `close` report the error too. Without this listener it would end the process.
    socket.on('error', () => undefined);
    await once(socket, 'open');
  }

  /** Resolves with the close code, or undefined if there was no connection. */
  async closed(): Promise<number | undefined> {
    const { socket } = this;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return undefined;
    const [code] = (await once(socket, 'close')) as [number];
    return code;
  }

  disconnect(): void {
    this.socket?.terminate();
  }

  private check(text: Buffer): void {
    this.messages++;
    if (this.kind === 'domains') return this.domains.add(text);
    const place = entryOf(text);
    if (place === undefined) {
      this.mistakes.push(`a message without entry: ${text.toString('utf8', 0, 100)}`);
      return;
    }
    const { url, index } = place;
    const expected = this.next.get(url) ?? index;
    if (index !== expected) this.mistakes.push(`${url}: ${index} instead of ${expected}`);
    if (!this.first.has(url)) this.first.set(url, index);
    this.onEntry?.(url, index);
    this.next.set(url, index + 1);
    if (this.kind === 'lite') this.domains.add(domainsText(text));
  }
}

/** Returns the domains-only text of an entry for its lite text. */
function domainsText(lite: Buffer): Buffer {
  const start = lite.indexOf('"all_domains":') + 14;
  const domains = lite.subarray(start, lite.indexOf(',"extensions":', start));
  return Buffer.concat([Buffer.from('{"data":'), domains, Buffer.from(',"message_type":"dns_entries"}')]);
}
