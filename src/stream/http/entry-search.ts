import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { CertificateEntry } from '../../certificate/certificate-entry.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import { ApiError } from '../../web/api-error.js';
import type { EntryFilter } from '../../filter/entry-filter.js';
import { SingleFilter } from '../../filter/single-filter.js';

/** Records that are read together; the search goes back from the newest ones. */
const WINDOW_RECORDS = 32;
/** Entries that one search compares at most, and the rest of their record. */
const MAX_ENTRIES = 10_000;
/** Searches at the same time. */
const MAX_SEARCHES = 4;
/** Longest time of one search, milliseconds. */
const MAX_MS = 2000;
/** Work between two pauses, and length of a pause, milliseconds. */
const STEP_MS = 4;
const PAUSE_MS = 4;

/** Finds the newest entries of the journal that match a filter, within bounds of work and time. */
@Injectable()
export class EntrySearch {
  private searches = 0;

  constructor(private readonly feed: CertificateFeed) {}

  /**
   * Prepares a filter, and runs `work` with it.
   * @throws ApiError (`API_BUSY`) while too many searches are under way.
   */
  async with<T>(filter: EntryFilter, work: (filter: SingleFilter) => T | Promise<T>): Promise<T> {
    if (this.searches >= MAX_SEARCHES) {
      const text = 'too many searches for entries are under way; try again later';
      throw new ApiError('API_BUSY', 503, text, { 'Retry-After': 1 });
    }
    this.searches++;
    try {
      return await work(await SingleFilter.of(filter, () => pause(PAUSE_MS)));
    } finally {
      this.searches--;
    }
  }

  /** Returns up to `limit` entries of the journal, newest first. Ends at the first records that contain one. */
  async find(filter: SingleFilter, limit: number): Promise<CertificateEntry[]> {
    const { journal, renderer } = this.feed;
    const signal = AbortSignal.timeout(MAX_MS);
    let left = MAX_ENTRIES;
    let since = performance.now();
    for (let to = journal.newest; to >= journal.oldest && left > 0 && !signal.aborted; to -= WINDOW_RECORDS) {
      const found: CertificateEntry[] = [];
      const batches = await this.window(Math.max(journal.oldest, to - WINDOW_RECORDS + 1), to, signal);
      for (const batch of batches.toReversed()) {
        const entries = new CertificateBatch(batch, renderer);
        if (left <= 0 || signal.aborted) break;
        left -= batch.count;
        for (const i of filter.match(batch).toReversed()) {
          found.push(entries.entry(i));
          if (found.length === limit) return found;
        }
        if (performance.now() - since < STEP_MS) continue;
        await pause(PAUSE_MS);
        since = performance.now();
      }
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Reads the records `from` to `to`, as far as the journal holds them. */
  private async window(from: number, to: number, signal: AbortSignal): Promise<EntryBatch[]> {
    const batches: EntryBatch[] = [];
    for await (const got of this.feed.journal.read({ after: from - 1 }, signal)) {
      const isRecord = 'batch' in got;
      if (isRecord && got.seq <= to) batches.push(got.batch);
      if ((isRecord ? got.seq : got.to) >= to) break;
    }
    return batches;
  }
}
