import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { type EntryBatch, memoryOf } from '../../certificate/entry-batch.js';
import { CertstreamError } from '../../kernel/certstream-error.js';
import type { CtLogClient, SignedTreeHead } from '../client/ct-log-client.js';
import { CtLogError, CtMalformedError, CtNoRoomError, isRateLimited } from '../client/ct-log-error.js';
import type { ExtraDataGuard } from '../verification/extra-data-guard.js';
import type { Gap, GapLedger } from '../state/gap-ledger.js';
import type { Clock } from '../../kernel/clock.js';
import type { LogRequests } from '../scheduling/log-requests.js';
import type { LogProblems } from '../reporting/log-problems.js';
import type { LogStats } from '../reporting/log-stats.js';
import { slicesOf } from '../verification/slices.js';
import { CtTreeMismatchError } from '../verification/verification-error.js';
import { LateEntryProof } from './late-entry-proof.js';
import { RetrySchedule } from './retry-schedule.js';

/** Entries per request: a data tile, and a slice that the outputs take at once. */
const PAGE = 256;
/** Between two requests: what is new comes first. */
const PAGE_PAUSE_MS = 1000;
/** The same behind a request that is divided, and behind a single entry that does not come: the next one is small. */
const PIECE_PAUSE_MS = 200;
/** Pages of one gap that are tried in a row without success, and single entries. The next try goes on behind them. */
const MAX_FAILURES = 3;
const MAX_SINGLE_FAILURES = 16;
/** Taken for one entry out of the bound over all logs. */
const ENTRY_BYTES = 4096;

export interface GapFillerOptions {
  /** Of the log itself, so that its pacing and its counters hold here too. */
  readonly client: CtLogClient;
  readonly gaps: GapLedger;
  readonly stats: LogStats;
  readonly problems: LogProblems;
  readonly clock: Clock;
  readonly requests: Pick<LogRequests, 'range'>;
  /** Pause before the first try, milliseconds. */
  readonly retryMs: number;
  readonly verification: 'off' | 'warn' | 'enforce';
  /** Not asked with `off`. */
  readonly extraData: Pick<ExtraDataGuard, 'inspect'>;
  /** The newest head that was accepted. */
  readonly head: () => SignedTreeHead | undefined;
  /** What to wait for before the next publication; undefined when there is nothing. */
  readonly ready: (signal?: AbortSignal) => Promise<void> | undefined;
  /** Hands entries to every output before it returns. */
  readonly publish: (batch: EntryBatch) => void;
  /** Called with what came of a try that brought something. */
  readonly onFilled: (entries: number, gap: Gap) => void;
}

/**
 * Asks for the gaps of one log again, now and then and one page at a time, streams what comes late and takes it off
 * the ledger. What contradicts the signed tree is not streamed; without a proof it is, unless `enforce` forbids it.
 */
export class GapFiller {
  private readonly controller = abortControllerForMany();
  private readonly schedule: RetrySchedule;
  private readonly proof: LateEntryProof;
  /** Where the next try of a gap begins, by its first index. */
  private readonly places = new Map<number, number>();
  private running: Promise<void> | undefined;

  constructor(private readonly options: GapFillerOptions) {
    const { client, clock, retryMs } = options;
    this.schedule = new RetrySchedule(retryMs, () => clock.random());
    this.proof = new LateEntryProof(client);
  }

  /** May be called once. */
  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when nothing is under way any more. */
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
    const { stats } = this.options;
    const head = this.options.head();
    // A log that does not even deliver what is new is not asked for what is old.
    if (head !== undefined && stats.state === 'following') await this.walk(gap, head);
    const { gaps, clock } = this.options;
    for (const left of gaps.all()) {
      if (left.from >= gap.from && left.to <= gap.to && !left.skipped) this.schedule.tried(left, clock.now());
    }
  }

  /** One page after the other. What fails and cannot be divided is passed over, for what lies behind it may be there. */
  private async walk(gap: Gap, head: SignedTreeHead): Promise<void> {
    const to = Math.min(gap.to, head.treeSize);
    let filled = 0;
    let failures = 0;
    let at = this.takePlace(gap, to);
    const isResumed = at > gap.from;
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
        const failed = (error instanceof CtLogError ? error.entries : undefined) ?? {
          to: end,
          next: 'least',
        };
        if (error instanceof CtNoRoomError && failed.next !== 'less') {
          // That is no try in vain: the log would have served it.
          this.options.problems.count(error.code);
          break;
        }
        // A try that begins in the middle of a gap and brings nothing is one of the whole gap.
        const isFirst = isResumed && filled === 0 && failures === 0;
        this.noteFailure(isFirst ? gap.from : at, error, failed.next !== 'less');
        if (isRateLimited(error)) {
          await this.sleep(error.retryAfterMs ?? 0);
          break;
        }
        if (failed.next !== 'less') {
          range = undefined;
          const isSingle = failed.to - at === 1 && failed.next === 'least';
          if (isSingle) pauseMs = PIECE_PAUSE_MS;
          at = Math.min(end, failed.to);
          if (++failures >= (isSingle ? MAX_SINGLE_FAILURES : MAX_FAILURES)) break;
        } else pauseMs = PIECE_PAUSE_MS;
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

  /** What is left of a gap begins where it began, or where the last failure was. */
  private keepPlace(gap: Gap, at: number, to: number): void {
    const left = this.options.gaps.all().findLast(({ from }) => from <= at);
    if (at < to && left !== undefined && left.from >= gap.from && left.from < at)
      this.places.set(left.from, at);
  }

  /** @returns undefined when it was stopped while it waited for everything that is new. */
  private async fill(
    from: number,
    to: number,
    range: readonly Buffer[] | undefined,
    head: SignedTreeHead,
  ): Promise<{ readonly count: number; readonly range: readonly Buffer[] | undefined } | undefined> {
    const { client, requests, gaps, stats, clock, ready, publish, extraData, verification } = this.options;
    const { signal } = this.controller;
    const load = { entries: to - from, bytes: (to - from) * ENTRY_BYTES };
    const grant = await requests.range({ load, urgency: () => 'gap' }, signal);
    if (grant === undefined) return undefined;
    try {
      const batch = await client.getEntries(from, to, head.treeSize, signal);
      const { count } = batch;
      if (batch.firstIndex !== from || count < 1 || count > to - from) {
        throw new CtMalformedError('PAGE', `entries ${from} to ${to} were asked for, others came`);
      }
      if (!grant.arrived(memoryOf(batch))) throw new CtNoRoomError(`entries ${from} to ${to}`);
      const behind = await this.prove(batch, range, head);
      for await (const slice of slicesOf(verification === 'off' ? batch : extraData.inspect(batch))) {
        for (let wait = ready(signal); wait !== undefined; wait = ready(signal)) await wait;
        publish(slice);
      }
      stats.countEntries(count, clock.wallTime());
      stats.lateEntries += count;
      gaps.filled(from, from + count, behind);
      return { count, range: behind };
    } finally {
      grant.release();
    }
  }

  private async prove(
    batch: EntryBatch,
    range: readonly Buffer[] | undefined,
    head: SignedTreeHead,
  ): Promise<readonly Buffer[] | undefined> {
    const { verification, stats } = this.options;
    if (verification === 'off') return undefined;
    try {
      return await this.proof.prove(batch, range, head, this.controller.signal);
    } catch (error) {
      const isRefused =
        verification === 'enforce' || error instanceof CtTreeMismatchError || error instanceof CtNoRoomError;
      if (isRefused || this.isStopped) throw error;
      stats.unverifiedEntries += batch.count;
      return undefined;
    }
  }

  /** @param isTry whether no smaller request follows. */
  private noteFailure(from: number, error: unknown, isTry: boolean): void {
    const { gaps, problems } = this.options;
    const message = error instanceof Error ? error.message : String(error);
    const isExpected = error instanceof CertstreamError && !(error instanceof CtTreeMismatchError);
    if (isExpected) problems.count(error.code);
    else problems.note(error instanceof CertstreamError ? error.code : 'CT_UNEXPECTED', message);
    if (isTry) gaps.failed(from, message);
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0 && !this.isStopped) await this.options.clock.sleep(ms, this.controller.signal);
  }
}
