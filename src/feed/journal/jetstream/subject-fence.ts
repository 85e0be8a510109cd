import { Backoff } from '../../../kernel/backoff.js';
import { systemClock } from '../../../kernel/clock.js';
import type { ProblemLog } from '../../../logging/problem-log.js';
import type { JournaledLog, JournalPlace } from '../entry-journal.js';
import type { EncodedFrame } from './frame-encoding.js';
import { decodeFrameHeaders, encodeFrameHeaders, type FrameHeaders } from './frame-headers.js';
import type { JournalStream, LastMessage } from './journal-stream.js';
import type { PublishChannel } from './publish-channel.js';
import type { StreamConnection, StreamSettings } from './stream-connection.js';
import { type JetStreamApiFailure, JetStreamCode, NO_RESPONDERS } from '../../../nats/jetstream-api.js';
import type { StreamStats } from './stream-stats.js';

const PAUSES = { firstMs: 50, longestMs: 2000, jitter: 0.5 };
/** Longer than the time within which the lease of a log must be renewed: an owner at both ends has renewed it in between. */
const RENEWAL_MS = 3500;
const OWNER_CHECK_MS = 100;

/** Objects that the publishers of all logs share. */
export interface PublisherParts {
  readonly connection: Pick<StreamConnection, 'jetstream'>;
  readonly stream: JournalStream;
  readonly channel: PublishChannel;
  readonly settings: StreamSettings;
  readonly stats: StreamStats;
  readonly problems: ProblemLog;
  /** Numbers the frames of this process. */
  readonly nextFrame: () => number;
  /** Called when nothing more is published for a log. @param reason a part of a sentence. */
  readonly onFenced: (log: JournaledLog, reason: string) => void;
  /** Called when the octets that wait have changed. */
  readonly onChange: () => void;
}

/** `stored`: the message is in the stream. `large`: the servers refuse its size. `over`: nothing more may be published. */
export type StoreResult = 'stored' | 'large' | 'over';

/**
 * SubjectFence publishes to the subject of one log, as long as the last message there is the one that it expects. It repeats a message
 * until it is stored. A repeat of a message that was stored without an answer is refused; then the last message shows that it is stored.
 */
export class SubjectFence {
  private readonly backoff = new Backoff(PAUSES);
  /** Sequence of the last message of the subject; 0 if there is none. */
  private expected: number;
  private epoch: string;

  /** @param last the last message of the subject, with the epoch of its stream or of the stream before. */
  constructor(
    private readonly log: JournaledLog,
    private readonly subject: string,
    last: JournalPlace,
    private readonly parts: PublisherParts,
    /** Called when another process has published, or the stream has lost messages of the subject. */
    private readonly onFenced: (reason: string) => void,
  ) {
    this.expected = last.seq;
    this.epoch = last.epoch;
  }

  /** The last message that is known to be stored. */
  get place(): JournalPlace {
    return { epoch: this.epoch, seq: this.expected };
  }

  /** @param next index after the last entry of the log, with this frame. */
  async store(
    { frame, body }: EncodedFrame,
    next: number | undefined,
    over: AbortSignal,
  ): Promise<StoreResult> {
    const { channel, settings, stats, nextFrame } = this.parts;
    const { kind, first, count } = frame;
    const headers = { owner: settings.owner, frame: nextFrame(), kind, first, count, next };
    for (let tries = 0; !over.aborted;) {
      if (!(await this.isOwner(over))) continue;
      await channel.whenConnected(over);
      if (over.aborted) break;
      if (tries++ > 0) stats.repeatedPublishes++;
      const answer = await channel.publish(this.subject, encodeFrameHeaders(headers, this.expected), body);
      if (answer !== undefined && 'seq' in answer) {
        this.expected = answer.seq;
        this.backoff.reset();
        return 'stored';
      }
      const result = await this.afterFailure(answer?.failure, headers, over);
      if (result !== undefined) return result;
    }
    return 'over';
  }

  /** Waits a moment if this process does not hold the lease of the log. Another process may publish then. */
  private async isOwner(over: AbortSignal): Promise<boolean> {
    const isOwner = isOwned(this.log);
    if (!isOwner) await systemClock.sleep(OWNER_CHECK_MS, over);
    return isOwner;
  }

  /** @returns undefined to publish again. */
  private async afterFailure(
    failure: JetStreamApiFailure | undefined,
    headers: FrameHeaders,
    over: AbortSignal,
  ): Promise<StoreResult | undefined> {
    const { stream, problems, channel } = this.parts;
    if (failure?.err_code === JetStreamCode.StreamMessageExceedsMaximum) return 'large';
    const isExpectation =
      failure?.err_code === JetStreamCode.StreamWrongLastSequence ||
      failure?.err_code === JetStreamCode.StreamWrongLastSequenceConstant;
    if (failure !== undefined && !isExpectation)
      problems.report(
        'publish',
        `the stream ${stream.name} does not store entries: ${failure.description ?? failure.code}`,
      );
    await channel.whenConnected(over);
    if (over.aborted) return undefined;
    try {
      if (failure?.code === NO_RESPONDERS) await stream.refresh();
      const result = await this.examine(await stream.lastOf(this.subject), headers, over);
      if (result !== undefined) return result;
      // The server has answered, and says nothing against the next try.
      if (failure?.err_code === JetStreamCode.StreamWrongLastSequence) return undefined;
    } catch (error) {
      if (channel.isConnected)
        problems.report('last', `the stream ${stream.name} does not answer: ${(error as Error).message}`);
    }
    await systemClock.sleep(this.backoff.failed(), over);
    return undefined;
  }

  /** Compares the last message of the subject with what it must be. */
  private async examine(
    last: LastMessage | undefined,
    headers: FrameHeaders,
    over: AbortSignal,
  ): Promise<StoreResult | undefined> {
    const seq = last?.seq ?? 0;
    if (seq === this.expected) return undefined;
    if (last === undefined) return this.relearn(over);
    const found = decodeFrameHeaders(last.headers);
    if ('owner' in found && found.owner === headers.owner && found.frame === headers.frame) {
      this.expected = seq;
      this.parts.stats.recoveredAnswers++;
      this.backoff.reset();
      return 'stored';
    }
    const writer = 'owner' in found ? found.owner : 'an unknown client';
    this.onFenced(
      seq > this.expected
        ? `${writer} has appended to it`
        : `the stream has lost its newest records; its last one is ${seq} instead of ${this.expected}`,
    );
    return 'over';
  }

  /**
   * The stream has no message of the log any more: the last one was dropped because of its age, or the stream is new. It also looks so to
   * a process that slept for a day. So the fence is only forgotten after the lease was renewed.
   */
  private async relearn(over: AbortSignal): Promise<StoreResult | undefined> {
    const { parts, log } = this;
    if (!isOwned(log)) return undefined;
    await systemClock.sleep(parts.settings.renewalMs ?? RENEWAL_MS, over);
    if (!isOwned(log) || (await parts.stream.lastOf(this.subject)) !== undefined) return undefined;
    const { epoch } = await parts.stream.refresh();
    this.expected = 0;
    this.epoch = epoch;
    return undefined;
  }
}

/** Whether this process may append to the log now. */
export function isOwned({ isOwned: ask }: JournaledLog): boolean {
  return ask === undefined || ask();
}
