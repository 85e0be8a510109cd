import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError, CtMalformedError, CtNoRoomError, isRateLimited } from '../client/ct-log-error.js';
import type { ExtraDataGuard } from '../verification/extra-data-guard.js';
import type { Gap, GapLedger } from '../state/gap-ledger.js';
import type { Clock } from '../../kernel/clock.js';
import type { LogRequests } from '../scheduling/log-requests.js';
import { CtTreeMismatchError } from '../reporting/contradiction.js';
import type { LogCounters } from '../reporting/log-counters.js';
import type { LogReporter } from '../reporting/log-reporter.js';
import type { LogStatus } from '../reporting/log-status.js';
import type { EntryPublisher } from '../verification/entry-publisher.js';
import { LateEntryProof } from './late-entry-proof.js';
import { RetrySchedule } from './retry-schedule.js';

/** Entries per request: a data tile. */
const PAGE = 256;
/** Pause between two requests: new entries come first. */
const PAGE_PAUSE_MS = 1000;
/** Pause after a request that is divided, and after an unavailable single entry: the next request is small. */
const PIECE_PAUSE_MS = 200;
/** A try of a gap ends after so many pages, or single entries, fail in a row. The next try continues after them. */
const MAX_FAILURES = 3;
const MAX_SINGLE_FAILURES = 16;
/** Memory that one entry is expected to take of the bound that all logs share. */
const ENTRY_BYTES = 4096;

export interface GapFillerOptions {
  /** The client of the log itself, so that its pacing and its counters apply here too. */
  readonly client: CtLogClient;
  readonly gaps: GapLedger;
  readonly counters: LogCounters;
  readonly status: LogStatus;
  readonly reporter: LogReporter;
  readonly publisher: EntryPublisher;
  readonly clock: Clock;
  readonly requests: Pick<LogRequests, 'range'>;
  /** Pause before the first try, milliseconds. */
  readonly retryMs: number;
  readonly verification: 'off' | 'warn' | 'enforce';
  /** Unused if `verification` is `off`. */
  readonly extraData: Pick<ExtraDataGuard, 'inspect'>;
  /** Returns the newest accepted head. */
  readonly head: () => SignedTreeHead | undefined;
  /** Called after a try that fetched entries. */
  readonly onFilled: (entries: number, gap: Gap) => void;
}

/**
 * GapFiller requests the gaps of one log again, at growing intervals and one page at a time. It streams the late entries and
 * removes them from the ledger. Entries that contradict the signed tree are not streamed. Entries without a proof are streamed,
 * except with `enforce`.
 */
export class GapFiller {
  private readonly controller = abortControllerForMany();
  private readonly schedule: RetrySchedule;
  private readonly proof: LateEntryProof;
  /** The index at which the next try of a gap begins, by the first index of the gap. */
  private readonly places = new Map<number, number>();
  private running: Promise<void> | undefined;

  constructor(private readonly options: GapFillerOptions) {
    const { client, clock, retryMs } = options;
    this.schedule = new RetrySchedule(retryMs, () => clock.random());
    this.proof = new LateEntryProof(client);
  }

  /** Starts the retries. Further calls have no effect. */
  start(): void {
    this.running ??= this.run();
  }

  /** Ends the retries and resolves when none is under way. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
  }

  private get isStopped(): boolean {
    return this.controller.signal.aborted;
  }

  private async run(): Promise<void> {
    const { clock, gaps } = this.options;
    while (!this.isStopped) {
      const { ready, pauseMs } = this.schedule.plan(gaps.all(), clock.now());
      for (const gap of ready) await this.attempt(gap);
      if (ready.length === 0) await this.sleep(pauseMs);
    }
  }

  private async attempt(gap: Gap): Promise<void> {
    const { gaps, clock, status } = this.options;
    const head = this.options.head();
    // No old entries are requested from a log that does not even serve new ones.
    if (head !== undefined && status.state === 'following') await this.walk(gap, head);
    for (const left of gaps.all()) {
      if (left.from >= gap.from && left.to <= gap.to && !left.skipped) this.schedule.tried(left, clock.now());
    }
  }

  /** Requests one page after the other. A page that fails and cannot be divided is skipped: later pages may be available. */
  private async walk(gap: Gap, head: SignedTreeHead): Promise<void> {
    const to = Math.min(gap.to, head.treeSize);
    let filled = 0;
    let failures = 0;
    let at = this.takePlace(gap, to);
    let range = at === gap.from ? gap.range : undefined;
    while (at < to && !this.isStopped) {
      const end = Math.min(to, at - (at % PAGE) + PAGE);
      let pauseMs = PAGE_PAUSE_MS;
      try {
        const late = await this.fill(at, end, range, head);
        if (late === undefined) break;
        range = late.range;
        filled += late.count;
        failures = 0;
        at += late.count;
      } catch (error) {
        if (this.isStopped) break;
        const failed = (error instanceof CtLogError && error.entries) || { to: end, next: 'least' };
        const isDivided = failed.next === 'less';
        if (error instanceof CtNoRoomError && !isDivided) {
          // The try does not count as failed: the log would have served the entries.
          this.options.reporter.count(error.code);
          break;
        }
        // A try that begins in the middle of a gap and fetches nothing counts for the whole gap.
        this.noteFailure(filled === 0 && failures === 0 ? gap.from : at, error, !isDivided);
        if (isRateLimited(error)) {
          await this.sleep(error.retryAfterMs ?? 0);
          break;
        }
        const isSingle = failed.to - at === 1 && failed.next === 'least';
        if (isDivided || isSingle) pauseMs = PIECE_PAUSE_MS;
        if (!isDivided) {
          range = undefined;
          at = Math.min(end, failed.to);
          if (++failures >= (isSingle ? MAX_SINGLE_FAILURES : MAX_FAILURES)) break;
        }
      }
      await this.sleep(pauseMs);
    }
    this.keepPlace(gap, at, to);
    if (filled > 0) this.options.onFilled(filled, gap);
  }

  private takePlace(gap: Gap, to: number): number {
    const place = this.places.get(gap.from) ?? gap.from;
    this.places.delete(gap.from);
    return place < to ? place : gap.from;
  }

  /** Remembers where the next try continues in the rest of the gap that contains `at`. */
  private keepPlace(gap: Gap, at: number, to: number): void {
    const left = this.options.gaps.all().findLast(({ from }) => from <= at);
    if (at < to && left !== undefined && left.from >= gap.from && left.from < at)
      this.places.set(left.from, at);
  }

  /** Fetches, checks and streams one page. @returns undefined when it was stopped before the request was admitted. */
  private async fill(
    from: number,
    to: number,
    range: readonly Buffer[] | undefined,
    head: SignedTreeHead,
  ): Promise<{ readonly count: number; readonly range: readonly Buffer[] | undefined } | undefined> {
    const { client, requests, gaps, publisher, extraData, verification } = this.options;
    const { signal } = this.controller;
    const load = { entries: to - from, bytes: (to - from) * ENTRY_BYTES };
    const grant = await requests.range({ load, urgency: () => 'gap' }, signal);
    if (grant === undefined) return undefined;
    try {
      const batch = await client.getEntries(from, to, head.treeSize, signal);
      const { count } = batch;
      if (batch.firstIndex !== from || count < 1 || count > to - from) {
        throw new CtMalformedError(
          'PAGE',
          `the log answered a request for entries ${from} to ${to} with other entries`,
        );
      }
      if (!grant.arrived(memoryOf(batch))) throw new CtNoRoomError(`entries ${from} to ${to}`);
      const rangeAfter = await this.prove(batch, range, head);
      const isOff = verification === 'off';
      const checked = isOff ? batch : extraData.inspect(batch);
      const result = isOff ? 'off' : rangeAfter === undefined ? 'unverified' : 'verified';
      for await (const piece of publisher.pieces(checked, signal)) {
        publisher.publish(piece, 'late', result);
        const end = piece.firstIndex + piece.count;
        // In the same turn: a state that is saved has either none of both or both.
        gaps.filled(piece.firstIndex, end, end === from + count ? rangeAfter : undefined);
      }
      return { count, range: rangeAfter };
    } finally {
      grant.release();
    }
  }

  private async prove(
    batch: EntryBatch,
    range: readonly Buffer[] | undefined,
    head: SignedTreeHead,
  ): Promise<readonly Buffer[] | undefined> {
    const { verification, counters } = this.options;
    if (verification === 'off') return undefined;
    try {
      return await this.proof.prove(batch, range, head, this.controller.signal);
    } catch (error) {
      const isRefused =
        verification === 'enforce' || error instanceof CtTreeMismatchError || error instanceof CtNoRoomError;
      if (isRefused || this.isStopped) throw error;
      counters.unverifiedEntries += batch.count;
      return undefined;
    }
  }

  /** @param isTry whether the failure ends the try: no smaller request follows. */
  private noteFailure(from: number, error: unknown, isTry: boolean): void {
    const { gaps, reporter } = this.options;
    const message = messageOf(error);
    const isExpected = error instanceof CertstreamError && !(error instanceof CtTreeMismatchError);
    if (isExpected) reporter.count(error.code);
    else reporter.note(error instanceof CertstreamError ? error.code : 'CT_UNEXPECTED', message);
    if (isTry) gaps.failed(from, message);
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}
