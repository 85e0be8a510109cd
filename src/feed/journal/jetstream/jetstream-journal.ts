import type { EntryBatch, RecordKind } from '../../../certificate/entry-batch.js';
import { messageOf } from '../../../kernel/certstream-error.js';
import { ProblemLog, type ProblemLogTarget } from '../../../logging/problem-log.js';
import type { BackPressure } from '../../back-pressure.js';
import type {
  AppendedRecord,
  EntryJournal,
  JournalBacklog,
  JournaledEntries,
  JournaledLog,
  JournalGap,
  JournalPlace,
  JournalRecord,
  LiveListener,
  ReadFrom,
  SharedJournal,
  UnavailableEntries,
} from '../entry-journal.js';
import { FencedPublishers } from './fenced-publishers.js';
import { FrameRing } from './frame-ring.js';
import { JournalStream, type StreamState } from './journal-stream.js';
import { LiveRecords } from './live-records.js';
import { StreamBacklog } from './stream-backlog.js';
import type { StreamConnection, StreamSettings } from './stream-connection.js';
import { MessageDecoder } from './stream-message.js';
import { StreamLag } from './stream-lag.js';
import { StreamReader } from './stream-reader.js';
import { StreamReplays } from './stream-replays.js';
import { StreamStats } from './stream-stats.js';

const RING_BYTES = 64 * 2 ** 20;
const REFRESH_MS = 2000;
/** A gateway may lag behind another one by this number of records, which still knows its cursors. */
const MAX_LAG = 100_000;

/**
 * JetStreamJournal is the journal of several processes: one stream of NATS JetStream. Each log has one publisher at a time in the cluster.
 * Every process that serves clients reads all records from the stream, its own ones too.
 */
export class JetStreamJournal implements EntryJournal {
  readonly run = 1;
  readonly delivers: boolean;
  readonly stats = new StreamStats();
  private readonly lag = new StreamLag(performance.now());
  private readonly openedAt = Date.now();
  private readonly records: LiveRecords;
  private readonly publishers: FencedPublishers;
  private readonly reader: StreamReader;
  private readonly replays: StreamReplays;
  private readonly counts = new StreamBacklog();
  private readonly refreshing: NodeJS.Timeout;
  private readonly closing = new AbortController();
  private isRefreshing = false;

  private constructor(
    connection: StreamConnection,
    private readonly stream: JournalStream,
    settings: StreamSettings,
    pressure: BackPressure,
    private readonly problems: ProblemLog,
  ) {
    const { stats, counts } = this;
    const { name, state } = stream;
    const { owner, ringBytes = RING_BYTES } = settings;
    this.delivers = settings.reads ?? true;
    const ring = new FrameRing(ringBytes);
    const decoder = new MessageDecoder(name, stats, problems);
    const shared = { connection, stream, problems };
    this.publishers = new FencedPublishers({ ...shared, settings, stats, pressure }, () =>
      this.reader.restart(),
    );
    this.records = new LiveRecords(
      {
        decoder,
        ring,
        counts,
        stats,
        problems,
        owner,
        name,
        // What this process publishes may wait for the servers while the receivers read on.
        ready: (signal) => pressure.ready(signal, this.publishers),
        replays: () => this.replays,
        onReplaced: () => this.lag.clear(),
      },
      state.epoch,
      state.last,
    );
    this.replays = new StreamReplays({ ...shared, decoder, ring, live: this.records });
    this.reader = new StreamReader(
      {
        ...shared,
        next: state.last + 1,
        whenConnected: (signal) => this.publishers.whenConnected(signal),
      },
      this.records,
    );
    this.refreshing = setInterval(() => void this.refresh(), REFRESH_MS);
    this.refreshing.unref();
  }

  /**
   * Creates the stream, or checks the one that exists.
   * @param connection stays open when the journal is closed.
   * @param pressure held while more than 16 MiB of all logs wait to be published. No record is read while a receiver holds it.
   * @throws JournalError (`CLUSTER_STREAM_DIFFERS`, `JOURNAL_UNAVAILABLE`)
   */
  static async open(
    connection: StreamConnection,
    settings: StreamSettings,
    pressure: BackPressure,
    log: ProblemLogTarget,
  ): Promise<JetStreamJournal> {
    const stream = await JournalStream.open(connection, settings);
    if (stream.remark !== undefined) log.warn(stream.remark, {});
    return new JetStreamJournal(connection, stream, settings, pressure, new ProblemLog(log));
  }

  get epoch(): string {
    return this.records.epoch;
  }

  get newest(): number {
    return this.records.newest;
  }

  get shared(): SharedJournal {
    return this.publishers;
  }

  get oldest(): number {
    return Math.min(this.stream.state.first, this.newest + 1);
  }

  get oldestTime(): number {
    return this.stream.state.firstTime ?? this.openedAt;
  }

  /** What the stream held at its last answer. */
  get state(): StreamState {
    return this.stream.state;
  }

  /** How late records are read here, and since when the stream has not answered, both in seconds. */
  get delay(): { readonly lag: number; readonly silence: number } {
    const now = performance.now();
    return { lag: this.lag.waiting(this.newest, now) / 1000, silence: this.lag.silence(now) / 1000 };
  }

  /** Begins to read. */
  live(listener: LiveListener): void {
    this.records.listener = listener;
    this.reader.start();
  }

  open(
    log: JournaledLog,
    next: number | undefined,
    known?: JournalPlace,
  ): Promise<JournaledEntries | undefined> {
    return this.publishers.open(log, next, known);
  }

  leave(logUrl: string): Promise<void> {
    return this.publishers.leave(logUrl);
  }

  /** `seq` is the newest record that was read: the number of the appended one is not known yet. */
  append(batch: EntryBatch, kind: RecordKind): AppendedRecord {
    return { seq: this.newest, known: this.publishers.append(batch, kind) };
  }

  unavailable(entries: UnavailableEntries): void {
    this.publishers.unavailable(entries);
  }

  /** Cursors of other gateways may name records that this one has not read yet. */
  endOf(run: number): number | undefined {
    return run === this.run ? this.newest + 1 + MAX_LAG : undefined;
  }

  /** Resolves when everything that was appended before is stored in the stream, or its log has another publisher. */
  durable(): Promise<void> {
    return this.publishers.settled();
  }

  read(from: ReadFrom, signal: AbortSignal): AsyncIterable<JournalRecord | JournalGap> {
    return this.replays.read(from, AbortSignal.any([signal, this.closing.signal]));
  }

  backlog(after: number): JournalBacklog {
    const from = Math.max(after, this.oldest - 1);
    return {
      records: Math.max(0, this.newest - from),
      ...this.counts.after(from, this.newest, this.stream.state),
    };
  }

  /** The stream drops records by its bounds only, whatever is released. */
  release(): void {
    // Nothing is kept for a reader.
  }

  async close(): Promise<void> {
    clearInterval(this.refreshing);
    await this.publishers.close();
    this.closing.abort();
    this.records.stop();
    await this.reader.stop();
  }

  /** Reads what the stream holds. If it is another stream, the reader finds that out as soon as it begins again. */
  private async refresh(): Promise<void> {
    if (this.isRefreshing || !this.publishers.isConnected) return;
    this.isRefreshing = true;
    try {
      const { epoch, first, last } = await this.stream.refresh();
      if (!this.delivers) this.records.moveTo(epoch, last);
      else if (epoch !== this.epoch) this.reader.restart();
      this.lag.observe(last, performance.now());
      this.stats.unreadRecords = Math.max(0, last - this.newest);
      this.counts.forgetBefore(first);
      this.problems.resolved('state');
    } catch (error) {
      if (this.closing.signal.aborted) return;
      this.problems.report('state', `the stream ${this.stream.name} does not answer: ${messageOf(error)}`);
    } finally {
      this.isRefreshing = false;
    }
  }
}
