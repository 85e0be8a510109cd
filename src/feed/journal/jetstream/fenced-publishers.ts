import type { EntryBatch, RecordKind } from '../../../certificate/entry-batch.js';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { BackPressure } from '../../back-pressure.js';
import type {
  JournaledEntries,
  JournaledLog,
  JournalPlace,
  SharedJournal,
  UnavailableEntries,
} from '../entry-journal.js';
import { FencedPublisher } from './fenced-publisher.js';
import { type JournalStream, unavailable } from './journal-stream.js';
import { PublishChannel } from './publish-channel.js';
import type { StreamConnection, StreamSettings } from './stream-connection.js';
import type { StreamStats } from './stream-stats.js';
import type { PublisherParts } from './subject-fence.js';

/** All logs wait above this bound on what is not published yet, until half of it is. One log waits alone much earlier. */
const MAX_PENDING_BYTES = 16 * 2 ** 20;
const CLOSE_WITHIN_MS = 5000;

export interface FencedPublishersOptions {
  readonly connection: StreamConnection;
  readonly stream: JournalStream;
  readonly settings: StreamSettings;
  readonly stats: StreamStats;
  readonly problems: ProblemLog;
  readonly pressure: BackPressure;
}

/** FencedPublishers holds the publisher of each log that this process follows, and makes the logs wait for the servers. */
export class FencedPublishers implements SharedJournal {
  /** By the URL of the log. */
  private readonly publishers = new Map<string, FencedPublisher>();
  private readonly channel: PublishChannel;
  private readonly parts: PublisherParts;
  private frames = 0;

  /** @param onReconnect is called after each new connection. */
  constructor(
    private readonly options: FencedPublishersOptions,
    onReconnect: () => void,
  ) {
    const { connection, stream, settings, stats, problems } = options;
    this.channel = new PublishChannel(connection.nats, settings.inboxPrefix, onReconnect);
    this.parts = {
      connection,
      stream,
      channel: this.channel,
      settings,
      stats,
      problems,
      nextFrame: () => this.frames++,
      onFenced: (log, reason) => this.fenced(log, reason),
      onChange: () => this.balance(),
    };
  }

  get isConnected(): boolean {
    return this.channel.isConnected;
  }

  /** Resolves when there is a connection, or when the signal is aborted. */
  whenConnected(signal: AbortSignal): Promise<void> {
    return this.channel.whenConnected(signal);
  }

  /** As `EntryJournal.open`. */
  async open(
    log: JournaledLog,
    next: number | undefined,
    known: JournalPlace | undefined,
  ): Promise<JournaledEntries | undefined> {
    await this.leave(log.url);
    try {
      const { publisher, held } = await FencedPublisher.open(log, next, known, this.parts);
      this.forgetOver(log.key);
      this.publishers.set(log.url, publisher);
      return held;
    } catch (cause) {
      throw unavailable(this.options.stream.name, `cannot be read for ${log.url}`, cause);
    }
  }

  /** As `EntryJournal.leave`. */
  async leave(logUrl: string): Promise<void> {
    const publisher = this.publishers.get(logUrl);
    if (publisher === undefined) return;
    await publisher.leave();
    // What it has given up is known until the log is opened again.
    if (this.publishers.get(logUrl) === publisher && !publisher.hasGivenUp) this.publishers.delete(logUrl);
  }

  placeOf(logKey: string): JournalPlace | undefined {
    return this.publisherOf(logKey)?.place;
  }

  async stored(logKey: string): Promise<boolean> {
    return (await this.publisherOf(logKey)?.settled()) ?? true;
  }

  ready(logUrl: string, signal?: AbortSignal): Promise<void> | undefined {
    return this.publishers.get(logUrl)?.ready(signal);
  }

  async newestPlace(): Promise<JournalPlace> {
    const { epoch, last } = await this.options.stream.refresh();
    return { epoch, seq: last };
  }

  /** @returns the number of entries at the start of the batch that the stream already has. */
  append(batch: EntryBatch, kind: RecordKind): number {
    const publisher = this.publishers.get(batch.source.url);
    if (publisher !== undefined && !publisher.isOver) return publisher.append(batch, kind);
    this.options.stats.givenUpEntries += batch.count;
    return 0;
  }

  unavailable(entries: UnavailableEntries): void {
    const publisher = this.publishers.get(entries.source.url);
    if (publisher !== undefined && !publisher.isOver) publisher.unavailable(entries);
  }

  async settled(): Promise<void> {
    await Promise.all([...this.publishers.values()].map((publisher) => publisher.settled()));
  }

  /** Publishes what waits, for at most five seconds. */
  async close(): Promise<void> {
    const publishers = [...this.publishers.values()];
    const limit = setTimeout(() => {
      for (const publisher of publishers) publisher.stop();
    }, CLOSE_WITHIN_MS);
    await Promise.all(publishers.map((publisher) => publisher.leave()));
    clearTimeout(limit);
    this.channel.close();
    this.options.pressure.release(this);
  }

  /** Forgets publishers of a log that have ended. The URL of the log may have had another scheme. */
  private forgetOver(logKey: string): void {
    for (const [url, { log, isOver }] of this.publishers)
      if (log.key === logKey && isOver) this.publishers.delete(url);
  }

  private publisherOf(logKey: string): FencedPublisher | undefined {
    for (const publisher of this.publishers.values()) if (publisher.log.key === logKey) return publisher;
    return undefined;
  }

  private fenced(log: JournaledLog, reason: string): void {
    this.options.problems.report(
      `fenced ${log.url}`,
      `nothing more of ${log.url} is published here: ${reason}`,
      {
        log: log.url,
      },
    );
    log.onFenced?.();
  }

  private balance(): void {
    const { stats, pressure } = this.options;
    let bytes = 0;
    for (const publisher of this.publishers.values()) bytes += publisher.bytes;
    stats.pendingBytes = bytes;
    if (bytes > MAX_PENDING_BYTES) pressure.hold(this);
    else if (bytes <= MAX_PENDING_BYTES / 2) pressure.release(this);
  }
}
