import { setTimeout as delay } from 'node:timers/promises';
import { ResumeClient, type ResumeServer } from '../../bench/support/resume-client.js';
import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import { differences, type EntryRecord, recordOf } from './entry-record.js';

const RETRY_MS = 150;

/** A client that continues where it was after each loss of its connection, and keeps the records of its messages. */
export abstract class StreamFollower {
  readonly mistakes: string[] = [];
  /** First record of each entry, by URL of the log and index. */
  private readonly records = new Map<string, EntryRecord[]>();

  constructor(
    readonly name: string,
    readonly isFull: boolean,
  ) {}

  abstract get connections(): number;
  /** Entries that came again after the server was killed. */
  abstract get repeated(): number;
  /** Reads until the signal is aborted. */
  abstract follow(signal: AbortSignal): Promise<void>;

  of(url: string, index: number): EntryRecord | undefined {
    return this.records.get(url)?.[index];
  }

  /** Returns the number of the first entries that have all arrived. */
  complete(url: string): number {
    const records = this.records.get(url) ?? [];
    const missing = records.findIndex((record) => record === undefined);
    return missing < 0 ? records.length : missing;
  }

  protected keep(text: string): void {
    const message = JSON.parse(text) as CertificateUpdate;
    const { url } = message.data.source;
    const records = this.records.get(url) ?? [];
    this.records.set(url, records);
    const record = recordOf(message);
    const first = (records[message.data.cert_index] ??= record);
    for (const difference of differences(record, first))
      this.mistakes.push(`entry ${message.data.cert_index} of ${url} came again: ${difference}`);
  }
}

/** A WebSocket client with compression, which continues with `since=`. */
export class WebSocketFollower extends StreamFollower {
  private readonly client: ResumeClient;
  private readonly random: SeededRandom;

  /** @param path path and query of the stream. @param readMs longest time between two disconnections. */
  constructor(
    name: string,
    path: string,
    server: ResumeServer,
    private readonly readMs: number,
  ) {
    super(name, path.startsWith('/full-stream'));
    this.random = new SeededRandom(readMs);
    this.client = new ResumeClient({ name, path, isWhole: true }, server, this.random);
    this.client.onMessage = ({ text }) => this.keep(text);
  }

  get connections(): number {
    return this.client.counts.connections;
  }

  get repeated(): number {
    return this.client.counts.repeated;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.client.readFor((0.2 + 0.8 * this.random.next()) * this.readMs);
    this.mistakes.push(...this.client.mistakes);
  }
}

/** A client of Server-Sent Events with gzip, which continues with `Last-Event-ID`. */
export class EventSourceFollower extends StreamFollower {
  connections = 0;
  repeated = 0;
  private lastEventId = '';
  /** Messages that no id has followed yet. The client gets them again when it reconnects. */
  private pending: string[] = [];
  private readonly runs = new Map<string, number>();
  private last = new Map<string, number>();

  /** @param path path and query of the stream. */
  constructor(
    name: string,
    private readonly path: string,
    private readonly server: ResumeServer,
    private readonly readMs: number,
  ) {
    super(name, path.includes('stream=full'));
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const connection = new AbortController();
      const cut = (): void => connection.abort();
      const timer = setTimeout(cut, this.readMs);
      signal.addEventListener('abort', cut);
      await this.read(connection.signal).catch(() => undefined);
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
      this.pending = [];
      if (!connection.signal.aborted) await delay(RETRY_MS);
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    const { url, run } = this.server;
    const headers = { 'Last-Event-ID': this.lastEventId };
    const isFirst = this.lastEventId === '';
    const answer = await fetch(`${url}${this.path}${isFirst ? '&since=-1h' : ''}`, {
      headers: isFirst ? {} : headers,
      signal,
    });
    if (!answer.ok) {
      this.mistakes.push(`${this.name}: ${answer.status} ${await answer.text()}`);
      return;
    }
    this.connections++;
    this.last = new Map();
    let rest = '';
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + part).split('\n\n');
      rest = events.pop()!;
      for (const event of events) this.receive(event, run);
    }
  }

  private receive(event: string, run: number): void {
    const fields = new Map(
      event.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*: ?/, '')]),
    );
    const kind = fields.get('event') ?? 'message';
    const text = fields.get('data');
    // The first connection asks for more than the journal can hold.
    if (kind === 'gap' && this.lastEventId !== '') this.mistakes.push(`${this.name}: gap ${text}`);
    if (kind === 'message' && text !== undefined) this.pending.push(text);
    const id = fields.get('id');
    if (id === undefined) return;
    this.lastEventId = id;
    for (const message of this.pending.splice(0)) this.count(message, run);
  }

  private count(text: string, run: number): void {
    const { cert_index: index, source } = (JSON.parse(text) as CertificateUpdate).data;
    const [key, last] = [`${source.url} ${index}`, this.last.get(source.url)];
    const earlier = this.runs.get(key);
    this.runs.set(key, run);
    this.last.set(source.url, index);
    if (earlier !== undefined) this.repeated++;
    if (earlier === run) this.mistakes.push(`${this.name}: ${key} came twice in one run of the server`);
    if (last !== undefined && index !== last + 1)
      this.mistakes.push(`${this.name}: entry ${index} follows ${last} of ${source.url} in one connection`);
    this.keep(text);
  }
}
