import { connect, type Socket } from 'node:net';
import { RawClient } from './raw-client.js';

const TICK_MS = 50;
const TEXT = 0x1;

interface StreamMessage {
  readonly message_type: string;
  readonly data: {
    readonly cert_index: number;
    readonly source: { readonly url: string };
    /** Present only in a gap message. */
    readonly logs: readonly { url: string; ranges: readonly { from: number; to: number }[] }[];
  };
}

interface LogPosition {
  readonly first: number;
  next: number;
  lost: number;
  readonly indices: number[];
}

/**
 * A client with `?events=1` that reads at most `octetsPerSecond`. It checks that every index of each log arrives in
 * order, as a message or in a gap.
 */
export class SlowReader {
  private readonly socket: Socket;
  private readonly timer: NodeJS.Timeout;
  private readonly logs = new Map<string, LogPosition>();
  private rest: Buffer = Buffer.alloc(0);
  private isUpgraded = false;
  private problem: string | undefined;

  constructor(
    port: number,
    path: string,
    private octetsPerSecond: number,
  ) {
    let budget = 0;
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('error', () => undefined);
    this.socket.write(RawClient.upgradeRequest(path));
    this.timer = setInterval(() => {
      budget = Math.min(this.octetsPerSecond, budget + (this.octetsPerSecond * TICK_MS) / 1000);
      if (budget > 0) this.socket.resume();
    }, TICK_MS);
    this.socket.on('data', (chunk: Buffer) => {
      this.receive(chunk);
      budget -= chunk.length;
      if (budget <= 0) this.socket.pause();
    });
  }

  /** Reads without a limit from now on. */
  hurry(): void {
    this.octetsPerSecond = Infinity;
  }

  /** Returns the indices of the received messages of a log. */
  indices(url: string): readonly number[] {
    return this.of(url)?.indices ?? [];
  }

  /** Returns the first index that arrived of a log. */
  first(url: string): number {
    return this.of(url)?.first ?? 0;
  }

  /** Returns the next expected index of a log. */
  next(url: string): number {
    return this.of(url)?.next ?? 0;
  }

  /** Returns the number of indices in gaps. */
  lost(url: string): number {
    return this.of(url)?.lost ?? 0;
  }

  /** Checks the condition repeatedly until it holds. @throws when a message was out of order. */
  async until(condition: (reader: this) => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 200_000;
    while (!condition(this)) {
      if (this.problem !== undefined) throw new Error(this.problem);
      if (performance.now() > deadline)
        throw new Error(
          `gave up waiting for ${what}: ${JSON.stringify([...this.logs].map(([url, { next }]) => [url, next]))}`,
        );
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.destroy();
  }

  private of(url: string): LogPosition | undefined {
    return this.logs.get(url.replace(/\/+$/, ''));
  }

  private receive(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (!this.isUpgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      this.isUpgraded = end >= 0;
      if (this.isUpgraded) bytes = bytes.subarray(end + 4);
    }
    let at = 0;
    while (this.isUpgraded && at + 10 <= bytes.length) {
      const short = bytes[at + 1];
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      const length =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2));
      if (start + length > bytes.length) break;
      if ((bytes[at] & 0x0f) === TEXT) this.note(bytes.toString('utf8', start, start + length));
      at = start + length;
    }
    this.rest = bytes.subarray(at);
  }

  private note(text: string): void {
    const { message_type: type, data } = JSON.parse(text) as StreamMessage;
    if (type === 'gap')
      for (const { url, ranges } of data.logs)
        for (const { from, to } of ranges) this.step(url, from, to, true);
    else if (type === 'certificate_update')
      this.step(data.source.url, data.cert_index, data.cert_index, false);
  }

  private step(url: string, from: number, to: number, isGap: boolean): void {
    const log = this.logs.get(url) ?? { first: from, next: from, lost: 0, indices: [] };
    this.logs.set(url, log);
    if (log.next !== from) this.problem ??= `${from} of ${url} arrived instead of ${log.next}`;
    log.next = to + 1;
    if (isGap) log.lost += to + 1 - from;
    else log.indices.push(from);
  }
}
