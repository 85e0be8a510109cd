import type { JsMsg } from '@nats-io/jetstream';
import { Backoff } from '../../../kernel/backoff.js';
import { messageOf } from '../../../kernel/certstream-error.js';
import { systemClock } from '../../../kernel/clock.js';
import { WaitQueue } from '../../../kernel/wait-queue.js';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { JournalGap, JournalRecord, ReadFrom } from '../entry-journal.js';
import { JournalError } from '../journal-error.js';
import type { FrameRing, RingItem } from './frame-ring.js';
import type { JournalStream } from './journal-stream.js';
import type { StreamConnection } from './stream-connection.js';
import type { MessageDecoder } from './stream-message.js';

/** Most reads of the stream at once, beside the live reader. */
const MAX_READS = 8;
/** Messages of one read. A reader that is slow holds no more. */
const READ_MESSAGES = 32;
const READ_WITHIN_MS = 2000;
const PAUSES = { firstMs: 200, longestMs: 5000, jitter: 0.5 };

/** What the live reader has got. */
export interface LivePlace {
  readonly epoch: string;
  /** Sequence of the newest message that was read. */
  readonly newest: number;
}

export interface StreamReplayParts {
  readonly connection: StreamConnection;
  readonly stream: JournalStream;
  readonly decoder: MessageDecoder;
  readonly ring: FrameRing;
  readonly live: LivePlace;
  readonly problems: ProblemLog;
}

/**
 * StreamReplays passes records to any number of readers: recent ones from memory, older ones from the stream, in reads of a few messages.
 * A reader that waits holds no consumer. No reader gets a record before the live reader.
 */
export class StreamReplays {
  /** Readers that wait for the next record. */
  private readonly waiting = new WaitQueue();
  /** Readers that wait for one of {@link MAX_READS}. */
  private readonly turns = new WaitQueue();
  private reads = 0;
  private readonly backoff = new Backoff(PAUSES);

  constructor(private readonly parts: StreamReplayParts) {}

  /** Wakes the readers that wait for the next record. */
  wake(): void {
    this.waiting.wakeAll();
  }

  read(from: ReadFrom, signal: AbortSignal): AsyncGenerator<JournalRecord | JournalGap> {
    const { newest, epoch } = this.parts.live;
    const next = from === 'now' || 'time' in from ? newest + 1 : Math.max(1, from.after + 1);
    return this.follow(next, from !== 'now' && 'time' in from ? from.time : undefined, epoch, signal);
  }

  private async *follow(
    next: number,
    time: number | undefined,
    epoch: string,
    signal: AbortSignal,
  ): AsyncGenerator<JournalRecord | JournalGap> {
    const { ring, live } = this.parts;
    if (time !== undefined) next = await this.find(time, next, signal);
    while (!signal.aborted) {
      this.check(epoch);
      const item = ring.get(next);
      if (item === undefined && next > live.newest) {
        await this.waiting.wait(signal);
        continue;
      }
      for (const got of item === undefined ? await this.older(next, signal) : [item]) {
        if (signal.aborted) return;
        this.check(epoch);
        next = ('from' in got ? got.to : got.seq) + 1;
        if ('from' in got) yield got;
        else if (got.isUnreadable) yield { from: got.seq, to: got.seq };
        else if (got.record !== undefined) yield got.record;
      }
    }
  }

  /** @throws JournalError (`JOURNAL_REPLACED`) */
  private check(epoch: string): void {
    if (epoch === this.parts.live.epoch) return;
    throw new JournalError(
      'JOURNAL_REPLACED',
      `stream ${this.parts.stream.name}`,
      'another stream has taken its place',
    );
  }

  /** Returns the sequence of the first message of a time or later. @param newest what it is if there is none. */
  private async find(time: number, newest: number, signal: AbortSignal): Promise<number> {
    const { ring, stream } = this.parts;
    const recent = ring.findTime(time);
    if (recent !== undefined) return recent;
    const { firstTime, first } = stream.state;
    if (firstTime === undefined) return newest;
    if (time <= firstTime) return Math.min(first, newest);
    const start = { opt_start_time: new Date(time).toISOString() };
    const messages = await this.fetch(start, 1, newest - 1, signal);
    return Math.min(messages[0]?.seq ?? newest, newest);
  }

  /** Reads some messages of the stream from a sequence on, up to those that are in memory. Missing ones are a gap. */
  private async older(next: number, signal: AbortSignal): Promise<readonly (RingItem | JournalGap)[]> {
    const { ring, live, stream, decoder } = this.parts;
    const last = Math.min(ring.first ?? Infinity, live.newest + 1) - 1;
    const messages = await this.fetch({ opt_start_seq: next }, READ_MESSAGES, last, signal);
    const read: (RingItem | JournalGap)[] = [];
    let at = next;
    for (const message of messages) {
      const { seq } = message;
      if (seq > at) read.push({ from: at, to: Math.min(seq - 1, last) });
      if (seq <= last) read.push(decoder.decode(message));
      at = seq + 1;
    }
    const { first } = stream.state;
    if (read.length === 0 && first > next) read.push({ from: next, to: Math.min(first - 1, last) });
    return read;
  }

  /**
   * Fetches messages from a place on, without those after `last`, as soon as it is this reader's turn.
   * @returns none if there are none within two seconds, or if the stream does not answer; then after a pause.
   */
  private async fetch(
    start: { readonly opt_start_seq: number } | { readonly opt_start_time: string },
    most: number,
    last: number,
    signal: AbortSignal,
  ): Promise<readonly JsMsg[]> {
    const { stream, problems } = this.parts;
    while (this.reads >= MAX_READS) if (!(await this.turns.wait(signal))) return [];
    this.reads++;
    const key = 'replay';
    try {
      const messages = await this.fetchNow(start, most, last, signal);
      if (messages.length === 0) await stream.refresh();
      this.backoff.reset();
      problems.resolved(key);
      return messages;
    } catch (error) {
      problems.report(key, `the stream ${stream.name} cannot be read for a replay: ${messageOf(error)}`);
      await systemClock.sleep(this.backoff.failed(), signal);
      return [];
    } finally {
      this.reads--;
      this.turns.wakeAll();
    }
  }

  private async fetchNow(
    start: { readonly opt_start_seq: number } | { readonly opt_start_time: string },
    most: number,
    last: number,
    signal: AbortSignal,
  ): Promise<readonly JsMsg[]> {
    const { connection, stream } = this.parts;
    const consumer = await connection.jetstream.consumers.get(stream.name, start);
    const messages: JsMsg[] = [];
    try {
      const fetched = await consumer.fetch({ max_messages: most, expires: READ_WITHIN_MS });
      const stop = (): void => fetched.stop();
      signal.addEventListener('abort', stop, { once: true });
      for await (const message of fetched) {
        messages.push(message);
        if (message.seq >= last || messages.length >= most || signal.aborted) break;
      }
      signal.removeEventListener('abort', stop);
      fetched.stop();
    } finally {
      consumer.delete().catch(() => undefined);
    }
    return messages;
  }
}
