import { cursorAt, newestCursor, oldestCursor, type ReplayStart } from '../../feed/cursor.js';
import type { JournalGap } from '../../feed/journal/entry-journal.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import { Replay, type ReplaySource } from './replay.js';
import type { StreamAudience } from './stream-audience.js';
import { expiredMessage, liveMessage } from './stream-events.js';
import type { Subscriber } from './subscriber.js';

/**
 * The state of one client: it gets the live stream, gets older entries from the journal first, or is paused. The session holds the
 * filter of the client in the index of its stream.
 */
export class ClientSession {
  private state: 'waiting' | 'live' | 'replaying' | 'paused' | 'ended' = 'waiting';
  private replay: Replay | undefined;
  private pausedAt: ReplayStart | undefined;
  private held: EntryFilter | undefined;
  private isUnique = false;
  private startsFrom: ReplayStart | undefined;

  /** @param onError is called with the error of a replay, after which the client must be disconnected. */
  constructor(
    readonly subscriber: Subscriber,
    private readonly audience: StreamAudience,
    private readonly source: ReplaySource,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * Begins with the live stream, or with older entries. @param from undefined for the live stream
   */
  start(from: ReplayStart | undefined): void {
    this.startsFrom = from;
    const { filter, unique } = this.subscriber.selection;
    this.setUnique(unique);
    const ready = filter && this.audience.filtered.hold(filter);
    this.held = filter;
    if (ready === undefined) this.begin();
    else void ready.then(() => this.begin());
  }

  private begin(): void {
    if (this.state !== 'waiting') return;
    if (this.startsFrom === undefined) this.goLive();
    else this.beginReplay(this.startsFrom);
  }

  /**
   * The cursor after everything that the client got; undefined while older messages wait for it, and before a replay by time has
   * found its first record.
   */
  get cursor(): string | undefined {
    const { journal } = this.source;
    const { state, replay, pausedAt } = this;
    if (this.subscriber.backlog > 0) return undefined;
    const position = state === 'replaying' ? replay?.position : state === 'paused' ? pausedAt : undefined;
    if (position !== undefined && 'seq' in position) return cursorAt(journal, position);
    return state === 'live' ? newestCursor(journal) : undefined;
  }

  /** Sends the client the messages that wait for the end of a tick, so that {@link cursor} is after them. */
  flush(): void {
    this.audience.flushFor(this.subscriber);
  }

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  get isReplaying(): boolean {
    return this.state === 'replaying';
  }

  /** Sends the client other entries from now on. Resolves when the filter is in force. */
  async select(filter: EntryFilter | undefined, unique: boolean): Promise<void> {
    const { subscriber, audience } = this;
    const before = this.held;
    const ready = filter === undefined ? undefined : audience.filtered.hold(filter);
    if (ready !== undefined) await ready;
    if (this.state === 'ended') {
      if (filter !== undefined) audience.filtered.release(filter);
      return;
    }
    const isLive = this.state === 'live';
    if (isLive) audience.detach(subscriber);
    this.held = filter;
    subscriber.selection.filter = filter;
    this.setUnique(unique);
    if (isLive) audience.attach(subscriber);
    this.replay?.refilter();
    if (before !== undefined) audience.filtered.release(before);
    // The filter that the client waited for may never be in force now.
    this.begin();
  }

  /** Sends nothing until {@link resume}. The journal keeps the place of the client, as far as it holds the entries. */
  pause(): void {
    if (this.state === 'live') {
      this.audience.detach(this.subscriber);
      this.pausedAt = { seq: this.source.journal.newest + 1, index: 0 };
    } else if (this.state === 'replaying') {
      this.pausedAt = this.replay!.stop();
      this.replay = undefined;
    } else return;
    this.state = 'paused';
  }

  resume(): void {
    if (this.state === 'paused') this.beginReplay(this.pausedAt!);
  }

  /** Call it when the connection has ended. */
  end(): void {
    this.state = 'ended';
    this.setUnique(false);
    this.replay?.stop();
    this.audience.leave(this.subscriber);
    if (this.held !== undefined) this.audience.filtered.release(this.held);
    this.held = undefined;
  }

  private setUnique(unique: boolean): void {
    const { selection } = this.subscriber;
    const { window } = this.source;
    // The filter has changed as well, so the client has not got all certificates that it wants now.
    selection.noteLoss();
    // They belong to the selection before.
    selection.sample?.takeLeftOut();
    if (unique === this.isUnique) return;
    this.isUnique = selection.unique = unique;
    if (unique) window.addClient();
    else window.removeClient();
  }

  private goLive(): void {
    this.state = 'live';
    this.audience.attach(this.subscriber);
  }

  private beginReplay(from: ReplayStart): void {
    const { subscriber, source } = this;
    this.state = 'replaying';
    if ('time' in from) this.reportTooOld(from.time);
    const replay = new Replay(subscriber, this.audience, source, from, {
      onGap: (gap) => this.reportGap(gap),
      onLive: () => {
        this.replay = undefined;
        this.goLive();
        if (subscriber.options.events) subscriber.sendMessage(liveMessage(newestCursor(source.journal)));
      },
    });
    this.replay = replay;
    replay.run().catch((error: unknown) => this.onError(error));
  }

  private reportTooOld(time: number): void {
    const { journal } = this.source;
    if (time >= journal.oldestTime) return;
    const [from, to] = [time, journal.oldestTime].map((ms) => new Date(Math.max(0, ms)).toISOString());
    this.reportExpired(from, to, oldestCursor(journal));
  }

  private reportGap({ from, to }: JournalGap): void {
    const [first, next] = [from, to + 1].map((seq) => cursorAt(this.source.journal, { seq, index: 0 }));
    this.reportExpired(first, next, next);
  }

  private reportExpired(from: string, to: string, cursor: string): void {
    if (this.subscriber.options.events) this.subscriber.sendMessage(expiredMessage(from, to, cursor));
  }
}
