import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { type EntryPlace, entryOf } from './message-entry.js';

const RETRY_MS = 150;
const EVENT_START = '{"message_type"';

/** What one client asks for. */
export interface ResumeClientOptions {
  readonly name: string;
  /** Path and query, without `events` and `since`. */
  readonly path: string;
  /** Whether the client gets every entry, so that the indices of each log have no hole. */
  readonly isWhole: boolean;
  /** Whether the client stops reading again and again. */
  readonly isSlow?: boolean;
}

/** The server that clients connect to. A kill replaces it. */
export interface ResumeServer {
  readonly url: string;
  /** Grows with each start of the server. */
  readonly run: number;
}

/** One message of a stream. The URL of a domains message is empty. */
interface ReceivedMessage extends EntryPlace {
  readonly text: string;
}

interface StreamEvent {
  readonly message_type: string;
  readonly data: { readonly cursor?: string; readonly reason?: string };
}

/**
 * A client that disconnects at random moments and continues after its newest cursor. It counts a message when a cursor after the
 * message has arrived, and forgets the other messages when it disconnects, because it will get them again.
 */
export class ResumeClient {
  readonly mistakes: string[] = [];
  readonly counts = { connections: 0, messages: 0, repeated: 0, slowGaps: 0 };
  /** The counted messages. */
  onMessage: (message: ReceivedMessage) => void = () => undefined;
  /** Called with the place of each entry when its message arrives. */
  onArrival: (url: string, index: number) => void = () => undefined;
  private cursor: string | undefined;
  private pending: ReceivedMessage[] = [];
  /** Number of the run of the server in which each entry was counted, by log and index. */
  private readonly runs = new Map<string, number[]>();
  /** The newest index of each log in the current connection. */
  private last = new Map<string, number>();
  /** Whether the newest connection has got all older entries. */
  isLive = false;

  constructor(
    readonly options: ResumeClientOptions,
    private readonly server: ResumeServer,
    private readonly random: SeededRandom,
  ) {}

  /** Number of different entries that were counted. */
  get entries(): number {
    let sum = 0;
    for (const runs of this.runs.values()) sum += Object.keys(runs).length;
    return sum;
  }

  /** Whether entry `index` of a log was counted. */
  has(url: string, index: number): boolean {
    return this.runs.get(url)?.[index] !== undefined;
  }

  /** Connects and reads for `ms`. */
  async readFor(ms: number): Promise<void> {
    await this.read((socket) => Promise.race([delay(ms), once(socket, 'close')]));
  }

  /** Connects and reads until the connection ends, or `stopped` resolves. */
  async readUntilClosed(stopped: Promise<unknown>): Promise<void> {
    await this.read((socket) => Promise.race([once(socket, 'close'), stopped]));
  }

  /** Connects and reads until the server has sent all older entries and `isDone` returns true. */
  async readUntilLive(isDone: () => boolean, signal: AbortSignal): Promise<void> {
    await this.read(async (socket) => {
      while (!signal.aborted && socket.readyState === WebSocket.OPEN) {
        if (this.isLive && isDone()) return;
        await delay(20);
      }
    });
  }

  private async read(during: (socket: WebSocket) => Promise<unknown>): Promise<void> {
    const socket = await this.connect();
    if (socket === undefined) {
      await delay(RETRY_MS);
      return;
    }
    this.counts.connections++;
    const slowness = this.options.isSlow === true ? this.pauseAtTimes(socket) : undefined;
    await during(socket);
    clearInterval(slowness);
    this.leave(socket);
  }

  private leave(socket: WebSocket): void {
    socket.removeAllListeners('message');
    socket.terminate();
    this.pending = [];
  }

  /** @returns undefined when the server does not accept the connection. */
  private async connect(): Promise<WebSocket | undefined> {
    const { path, name } = this.options;
    const { run, url } = this.server;
    const since = this.cursor ?? '-1h';
    const separator = path.includes('?') ? '&' : '?';
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}${separator}events=1&since=${since}`);
    this.isLive = false;
    this.last = new Map();
    socket.on('message', (data: Buffer) => this.receive(socket, data, run));
    socket.on('error', () => undefined);
    socket.once('unexpected-response', (_request, { statusCode }) => {
      if (statusCode === 400) this.mistakes.push(`${name}: the server refused the cursor ${since}`);
      socket.terminate();
    });
    const closed = new Promise<false>((resolve) => socket.once('close', () => resolve(false)));
    const opened = new Promise<true>((resolve) => socket.once('open', () => resolve(true)));
    return (await Promise.race([opened, closed])) ? socket : undefined;
  }

  private pauseAtTimes(socket: WebSocket): NodeJS.Timeout {
    return setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (this.random.next() < 0.7) socket.pause();
      else socket.resume();
    }, 500);
  }

  private receive(socket: WebSocket, data: Buffer, run: number): void {
    const text = data.toString();
    if (text.startsWith(EVENT_START)) {
      this.note(socket, JSON.parse(text) as StreamEvent, run);
      return;
    }
    const { url, index } = entryOf(data) ?? { url: '', index: -1 };
    this.pending.push({ url, index, text });
    if (url === '') return;
    this.onArrival(url, index);
    const last = this.last.get(url);
    this.last.set(url, index);
    const isWrong = last !== undefined && (this.options.isWhole ? index !== last + 1 : index <= last);
    if (isWrong)
      this.mistakes.push(`${this.options.name}: entry ${index} follows ${last} of ${url} in one connection`);
  }

  private note(socket: WebSocket, { message_type: type, data }: StreamEvent, run: number): void {
    // Without a cursor, the client asks for more than the journal can hold.
    if (type === 'gap' && data.reason !== 'slow' && this.cursor !== undefined) {
      this.mistakes.push(`${this.options.name}: a gap message with the reason ${data.reason}`);
      return;
    }
    if (data.cursor === undefined) return;
    this.cursor = data.cursor;
    for (const message of this.pending) this.count(message, run);
    this.pending = [];
    if (type === 'live') this.isLive = true;
    if (type !== 'gap' || data.reason !== 'slow') return;
    // The next connection gets the missed entries, which are after this cursor.
    this.counts.slowGaps++;
    this.leave(socket);
  }

  private count(message: ReceivedMessage, run: number): void {
    this.counts.messages++;
    this.onMessage(message);
    const { url, index } = message;
    if (url === '') return;
    const runs = this.runs.get(url) ?? [];
    this.runs.set(url, runs);
    const earlier = runs[index];
    runs[index] = run;
    if (earlier === undefined) return;
    this.counts.repeated++;
    if (earlier === run)
      this.mistakes.push(
        `${this.options.name}: entry ${index} of ${url} came twice in one run of the server`,
      );
  }
}
