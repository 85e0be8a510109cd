import type { CertstreamConfig } from '../../config/config-schema.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { CtLogClient, SignedTreeHead } from '../../ct-log/client/ct-log-client.js';
import { CtLogError } from '../../ct-log/client/ct-log-error.js';
import { EntryDownloader } from '../../ct-log/following/entry-downloader.js';
import { UnavailableRanges } from '../../ct-log/following/unavailable-ranges.js';
import type { LogRequests } from '../../ct-log/scheduling/log-requests.js';
import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Clock } from '../../kernel/clock.js';
import { type EntryRange, type MissingRange, ProvenRange } from './proven-range.js';

/** Pauses after failures. */
const PAUSES = {
  firstMs: 500,
  longestMs: 30_000,
  jitter: 0.5,
  leastMs: 100,
  retryAfter: 'replaces',
} as const;
/** An entry that the log does not serve is missing after this many tries, if the log serves a later one. */
const TRIES = 5;

export interface RangeExportOptions {
  readonly client: CtLogClient;
  /** All requests of the client. */
  readonly requests: LogRequests;
  readonly head: SignedTreeHead;
  readonly config: CertstreamConfig;
  /** Whether the log is a static-ct log. */
  readonly isTiled: boolean;
  readonly clock: Clock;
  /** Ends the export when no entry has arrived and none was proven for this time, milliseconds. */
  readonly retryForMs: number;
  readonly write: (batch: EntryBatch) => Promise<void>;
  /** Called when the remaining entries of the range have changed. */
  readonly onRest: (rest: EntryRange) => Promise<void>;
  readonly addMissing: (range: MissingRange) => void;
  /** Called with each problem of the log after which the export continues. */
  readonly warn: (line: string) => void;
}

/** RangeExport fetches ranges of one log, several pages or tiles at a time, and passes on the entries that the log has proven. */
export class RangeExport {
  /** Entries whose precertificate or chain did not match their leaf. */
  mismatched = 0;

  constructor(private readonly options: RangeExportOptions) {}

  /**
   * Exports a range.
   * @returns `done` when each entry was passed on or is missing; `stopped` when `signal` ended the export; `gaveUp` when the log
   * has not answered for too long. In the last two cases, the last call of `onRest` had the remaining entries.
   * @throws what `write` and `onRest` throw.
   */
  async run(range: EntryRange, signal: AbortSignal): Promise<'done' | 'stopped' | 'gaveUp'> {
    const ended = abortControllerForMany();
    const stop = (): void => ended.abort();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const verify = this.options.config.ct_log.verification !== 'off';
    const delivery = new ProvenRange({ ...this.options, verify }, range);
    try {
      return await this.follow(delivery, range, ended.signal);
    } finally {
      this.mismatched += delivery.mismatched;
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  private async follow(
    delivery: ProvenRange,
    range: EntryRange,
    signal: AbortSignal,
  ): Promise<'done' | 'stopped' | 'gaveUp'> {
    const { clock, addMissing, onRest } = this.options;
    const downloader = new EntryDownloader(this.downloaderOptions(delivery, range), signal);
    const unavailable = this.unavailable(delivery, downloader, range, signal);
    const backoff = new Backoff(PAUSES, clock);
    let progressAt = clock.now();
    let farthest = range.from;
    while (delivery.rest.from < delivery.rest.to) {
      const { from } = delivery.rest;
      let failure: CtLogError | undefined;
      try {
        if (delivery.mustProve) await delivery.prove(signal);
        else await downloader.step({ treeSize: range.to }, !backoff.isFailing);
        backoff.reset();
      } catch (error) {
        if (!(error instanceof CtLogError)) throw error;
        failure = error;
        await this.pauseAfter(error, backoff, unavailable, signal);
      }
      const hasGivenUp = failure !== undefined && clock.now() - progressAt >= this.options.retryForMs;
      if (hasGivenUp) await proveRest(delivery, signal);
      const { rest, wantedIndex } = delivery;
      if (rest.from !== from) await onRest(rest);
      if (signal.aborted) return 'stopped';
      if (rest.from !== from || wantedIndex > farthest) progressAt = clock.now();
      farthest = Math.max(farthest, wantedIndex);
      if (failure === undefined || !hasGivenUp) continue;
      addMissing({ ...rest, reason: failure.message });
      return 'gaveUp';
    }
    return 'done';
  }

  private async pauseAfter(
    error: CtLogError,
    backoff: Backoff,
    unavailable: UnavailableRanges,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, head, retryForMs, warn } = this.options;
    const wasFailing = backoff.isFailing;
    // The next request is for fewer or for other entries.
    if (await unavailable.failed(error, head)) return backoff.reset();
    if (signal.aborted) return;
    const pause = backoff.failed(error.retryAfterMs);
    if (!wasFailing) warn(`${error.message}; trying again`);
    await clock.sleep(Math.min(pause, retryForMs), signal);
  }

  private unavailable(
    delivery: ProvenRange,
    downloader: EntryDownloader,
    range: EntryRange,
    signal: AbortSignal,
  ): UnavailableRanges {
    const { client, clock, addMissing } = this.options;
    const options = {
      client,
      delivery,
      clock,
      reporter: { note: () => undefined },
      gapAfter: { tries: TRIES, minutes: 0 },
      addGap: ({ from, to, reason }: MissingRange) =>
        addMissing({ from, to: Math.min(to, range.to), reason }),
    };
    return new UnavailableRanges(options, downloader, signal);
  }

  private downloaderOptions(delivery: ProvenRange, { to: rangeEnd }: EntryRange) {
    const { client, requests, head, config, isTiled } = this.options;
    return {
      // The downloader knows no entries after the range. The client must know the whole tree, to choose between a full and a partial tile.
      client: {
        get pageSize() {
          return client.pageSize;
        },
        getEntries: (from: number, to: number, _size: number, signal: AbortSignal) =>
          client.getEntries(from, Math.min(to, rangeEnd), head.treeSize, signal),
      },
      requests,
      delivery,
      maxBatch: config.general.buffer_sizes.ctlog,
      maxParallel: config.ct_log.max_parallel_requests,
      rereadsPages: isTiled,
    };
  }
}

/** Proves the entries that have arrived before the export gives up, if the log serves a proof. */
async function proveRest(delivery: ProvenRange, signal: AbortSignal): Promise<void> {
  try {
    await delivery.prove(signal);
  } catch (error) {
    if (!(error instanceof CtLogError)) throw error;
  }
}
