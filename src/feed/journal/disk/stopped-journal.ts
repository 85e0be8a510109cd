import { join } from 'node:path';
import { FileLock } from '../../../kernel/file-lock.js';
import { ProblemLog, type ProblemLogTarget } from '../../../logging/problem-log.js';
import { JournalError } from '../journal-error.js';
import { DiskJournalStats } from './disk-journal-options.js';
import { ENTRY_BATCH_CODEC } from './journal-codec.js';
import { SegmentList } from './segment-list.js';
import { HEADER_BYTES } from './segment-format.js';

/** StoppedJournal is the journal in a folder that no server uses. It appends and drops nothing, and keeps a server from starting. */
export class StoppedJournal {
  private constructor(
    private readonly list: SegmentList,
    private readonly lock: FileLock,
  ) {}

  /** @throws JournalError `JOURNAL_LOCKED`, `JOURNAL_OTHER_VERSION` or `JOURNAL_UNUSABLE` */
  static async open(folder: string, log: ProblemLogTarget): Promise<StoppedJournal> {
    const problems = new ProblemLog(log);
    const locked = () => new JournalError('JOURNAL_LOCKED', folder, 'a running server uses this journal');
    const lock = await FileLock.acquire(join(folder, 'journal'), locked);
    if (lock.obstacle !== undefined)
      problems.report('lock', `${folder}: cannot detect a server on this folder: ${lock.obstacle}`);
    try {
      const list = new SegmentList({
        options: { folder, maxBytes: Infinity, maxAgeMs: Infinity, onFull: 'wait' },
        codec: ENTRY_BATCH_CODEC,
        stats: new DiskJournalStats(),
        problems,
        pressure: { hold: () => undefined, release: () => undefined },
      });
      await list.load();
      return new StoppedJournal(list, lock);
    } catch (error) {
      await lock.release();
      throw JournalError.unusable(folder, error);
    }
  }

  get epoch(): string {
    return this.list.epoch;
  }

  /** Number of the next run of the server. */
  get run(): number {
    return this.list.run;
  }

  get oldest(): number {
    return this.list.oldest ?? this.newest + 1;
  }

  get newest(): number {
    return this.list.newest;
  }

  /** As `EntryJournal.endOf`. */
  endOf(run: number): number | undefined {
    return this.list.endOf(run, this.newest);
  }

  /** Returns the number of the last record before the first one that was appended at `time` or later. */
  async lastBefore(time: number): Promise<number> {
    const segment = this.list.findTime(time);
    if (segment === undefined) return this.newest;
    const index = await segment.indexOf(ENTRY_BATCH_CODEC);
    let last = index.seqBefore(time) ?? segment.header.first - 1;
    for await (const record of segment.records(index.offsetBefore(last) ?? HEADER_BYTES, false)) {
      if (record.time >= time) return Math.max(last, record.seq - 1);
      last = record.seq;
    }
    return last;
  }

  /** Returns the number of entries after a record, exactly. */
  async entriesAfter(seq: number): Promise<number> {
    let entries = 0;
    for (const segment of this.list.after(seq)) {
      const index = await segment.indexOf(ENTRY_BATCH_CODEC);
      const place = index.placeBefore(seq);
      entries += index.entries - (place?.entries ?? 0);
      if (place === undefined) continue;
      for await (const record of segment.records(place.offset, false)) {
        if (record.seq > seq) break;
        entries -= countOf(record.payload);
      }
    }
    return entries;
  }

  close(): Promise<void> {
    return this.lock.release();
  }
}

/** Returns the number of entries of a record, 0 if it is damaged. */
function countOf(payload: Buffer): number {
  try {
    return ENTRY_BATCH_CODEC.decode(payload).count;
  } catch {
    return 0;
  }
}
