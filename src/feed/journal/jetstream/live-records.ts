import type { JsMsg } from '@nats-io/jetstream';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { LiveListener } from '../entry-journal.js';
import type { FrameRing } from './frame-ring.js';
import type { StreamState } from './journal-stream.js';
import type { StreamBacklog } from './stream-backlog.js';
import type { MessageDecoder, StreamMessage } from './stream-message.js';
import type { StreamReaderEvents } from './stream-reader.js';
import type { StreamReplays } from './stream-replays.js';
import type { StreamStats } from './stream-stats.js';

export interface LiveRecordsParts {
  readonly decoder: MessageDecoder;
  readonly ring: FrameRing;
  readonly counts: StreamBacklog;
  readonly stats: StreamStats;
  readonly problems: ProblemLog;
  /** This process, as publisher. */
  readonly owner: string;
  /** Name of the stream. */
  readonly name: string;
  /** Resolves when the receivers of this process can take more, or when the signal is aborted; undefined if they can now. */
  readonly ready: (signal: AbortSignal) => Promise<void> | undefined;
  readonly replays: () => Pick<StreamReplays, 'wake'>;
  /** Called when the numbers of records begin again. */
  readonly onReplaced: () => void;
}

/**
 * LiveRecords passes each record of the stream once to the listener, in order, and says what this process could not read. It notices when
 * another stream has taken the place of the one before, and when the stream has lost its end.
 */
export class LiveRecords implements StreamReaderEvents {
  listener: LiveListener | undefined;
  private readonly stopping = new AbortController();

  constructor(
    private readonly parts: LiveRecordsParts,
    /** Epoch of the stream, see `EntryJournal.epoch`. */
    private currentEpoch: string,
    private newestRead: number,
  ) {}

  get epoch(): string {
    return this.currentEpoch;
  }

  /** Sequence of the newest record that was read. */
  get newest(): number {
    return this.newestRead;
  }

  /** Passes over the records up to `seq`, for a process that reads none. */
  moveTo(epoch: string, seq: number): void {
    this.currentEpoch = epoch;
    this.newestRead = seq;
  }

  stop(): void {
    this.stopping.abort();
  }

  async message(message: JsMsg): Promise<void> {
    const { signal } = this.stopping;
    const { ready, decoder, ring, owner: self, replays } = this.parts;
    for (let wait = ready(signal); wait !== undefined; wait = ready(signal)) await wait;
    if (signal.aborted) return;
    const { seq } = message;
    if (seq <= this.newest) return;
    if (seq > this.newest + 1) this.miss(seq);
    const read = decoder.decode(message);
    const { record, unavailable, owner, isUnreadable } = read;
    this.newestRead = seq;
    ring.add(read);
    this.count(read);
    replays().wake();
    const isOwn = owner === self;
    if (record !== undefined) this.listener?.record(record, isOwn);
    else if (unavailable !== undefined) this.listener?.unavailable(unavailable, isOwn);
    else if (isUnreadable) this.listener?.gap({ from: seq, to: seq });
  }

  /** Another stream has taken the place of this one. */
  replaced({ epoch, first }: StreamState): void {
    this.currentEpoch = epoch;
    this.continueAfter(
      first - 1,
      'was deleted, and another one has taken its place; older cursors are invalid',
    );
  }

  /** The server has lost the newest records, although it had acknowledged them. Others take their numbers. */
  rolledBack({ last }: StreamState): void {
    this.continueAfter(last, `lost its records ${last + 1} to ${this.newest}; their entries come again`);
  }

  /** The stream has dropped the messages before `seq` that were not read. */
  private miss(seq: number): void {
    const { stats, problems, name } = this.parts;
    const gap = { from: this.newest + 1, to: seq - 1 };
    this.newestRead = gap.to;
    stats.missedRecords += gap.to - gap.from + 1;
    problems.report(
      'missed',
      `the stream ${name} dropped records ${gap.from} to ${gap.to} before they were read here`,
    );
    this.listener?.gap(gap);
  }

  private count({ seq, time, bytes, record }: StreamMessage): void {
    const { stats, counts } = this.parts;
    const entries = record?.batch.count ?? 0;
    stats.readRecords++;
    stats.readEntries += entries;
    stats.readBytes += bytes;
    counts.add(seq, time, entries, bytes);
  }

  private continueAfter(newest: number, reason: string): void {
    const { stats, problems, name, ring, counts, onReplaced, replays } = this.parts;
    stats.replacements++;
    problems.report('replaced', `the stream ${name} ${reason}`);
    this.newestRead = newest;
    ring.clear();
    counts.clear();
    onReplaced();
    this.listener?.replaced();
    replays().wake();
  }
}
