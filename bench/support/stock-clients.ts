import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';
import { entryOf } from './message-entry.js';

/** Pause of a WebSocket client before it connects again. An EventSource waits as long as the server says. */
const PAUSE_MS = 1000;
const MOST = 255;

/** Entries of a log, which all clients want. */
export interface WantedEntries {
  readonly url: string;
  readonly from: number;
  /** Index after the last one. */
  readonly to: number;
}

export interface ClientTally {
  readonly connections: number;
  /** Longest time without a connection between two, milliseconds. */
  readonly longestAwayMs: number;
  readonly lost: number;
  readonly twice: number;
  /** Gap messages, which a stock WebSocket client does not get. */
  readonly gaps: number;
  /** Why the client does not connect again; undefined while it does. */
  readonly gaveUp: string | undefined;
}

/** Counts of one client of the lite stream, which knows nothing of cursors. */
class Counts {
  connections = 0;
  gaps = 0;
  gaveUp: string | undefined;
  private longestAwayMs = 0;
  private leftAt: number | undefined;
  /** How often each entry came, by the URL of the log. */
  private readonly logs = new Map<string, Uint8Array>();

  get isOpen(): boolean {
    return this.connections > 0 && this.leftAt === undefined;
  }

  opened(): void {
    this.connections++;
    if (this.leftAt !== undefined)
      this.longestAwayMs = Math.max(this.longestAwayMs, performance.now() - this.leftAt);
    this.leftAt = undefined;
  }

  closed(): void {
    if (this.connections > 0) this.leftAt ??= performance.now();
  }

  receive(text: Buffer): void {
    const { url, index } = entryOf(text) ?? { url: '', index: 0 };
    let counts = this.logs.get(url);
    if (counts === undefined || counts.length <= index) {
      const larger = new Uint8Array(2 * index + 1024);
      larger.set(counts ?? []);
      this.logs.set(url, (counts = larger));
    }
    if (counts[index] < MOST) counts[index]++;
  }

  tally(wanted: readonly WantedEntries[]): ClientTally {
    let [lost, twice] = [0, 0];
    for (const { url, from, to } of wanted) {
      const counts = this.logs.get(url);
      for (let index = from; index < to; index++) {
        const count = counts?.[index] ?? 0;
        if (count === 0) lost++;
        if (count > 1) twice++;
      }
    }
    const { connections, longestAwayMs, gaps, gaveUp } = this;
    return { connections, longestAwayMs, lost, twice, gaps, gaveUp };
  }
}

/** A client as programs have it, without a line of code for restarts of the server. */
export interface StockClient {
  readonly counts: Counts;
  close(): void;
}

/** Opens an EventSource, which connects again and sends its last id by itself. */
export function eventSourceClient(url: string): StockClient {
  const counts = new Counts();
  const source = new EventSource(`${url}/sse`);
  source.addEventListener('open', () => counts.opened());
  source.addEventListener('error', ({ code, message }) => {
    counts.closed();
    if (source.readyState === source.CLOSED) counts.gaveUp = `${code}: ${message}`;
  });
  source.addEventListener('gap', () => counts.gaps++);
  source.addEventListener('message', ({ data }) => counts.receive(Buffer.from(data as string)));
  return { counts, close: () => source.close() };
}

/** Opens a WebSocket, and another one a second after its end, as most certstream libraries do. */
export function webSocketClient(url: string): StockClient {
  const counts = new Counts();
  let socket: WebSocket;
  let timer: NodeJS.Timeout | undefined;
  const connect = (): void => {
    socket = new WebSocket(url.replace('http', 'ws'));
    socket.on('open', () => counts.opened());
    socket.on('message', (data: Buffer) => counts.receive(data));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      counts.closed();
      timer = setTimeout(connect, PAUSE_MS);
    });
  };
  connect();
  return {
    counts,
    close: () => {
      clearTimeout(timer);
      socket.removeAllListeners('close');
      socket.terminate();
    },
  };
}
