import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { EntryJournal } from '../../feed/journal/entry-journal.js';
import { WaitQueue } from '../../kernel/wait-queue.js';

/** Longest work in one turn of the event loop, milliseconds. A record takes about one more. */
const STEP_MS = 4;
/** Pause between two steps while old records are read, milliseconds: others get half of the time. */
const PAUSE_MS = 4;

/** What a scan builds from the records. */
export interface ScanTarget {
  /** Adds entries of a record. @returns the position after the last added entry; less than `batch.count` to be called again. */
  add(seq: number, batch: EntryBatch, from: number): number;
  /** Drops what belongs to records with smaller numbers: the journal no longer holds them. */
  dropBefore(seq: number): void;
}

/**
 * Reads all records of the journal into a target, in small steps, and then each new record, until it was not used for a while. A
 * waiting reader of the journal costs nothing.
 */
export class JournalScan<T extends ScanTarget> {
  readonly target: T;
  /** Whether the records that the journal held at the start are all in the target. */
  isComplete = false;
  private readonly ended = new AbortController();
  private readonly waiting = new WaitQueue();
  private readonly startedAt = performance.now();
  private readonly first: number;
  private readonly goal: number;
  private next: number;

  constructor(
    private readonly journal: EntryJournal,
    target: T,
    /** Called if the journal cannot be read any more; the scan has ended then. */
    onError: (error: unknown) => void,
  ) {
    this.target = target;
    this.first = journal.oldest;
    this.next = this.first;
    this.goal = journal.newest;
    this.isComplete = this.next > this.goal;
    this.run().catch(onError);
  }

  /** Resolves when the scan is complete, or after `ms`. */
  async complete(ms: number, signal?: AbortSignal): Promise<void> {
    const until = AbortSignal.any([AbortSignal.timeout(ms), ...(signal === undefined ? [] : [signal])]);
    while (!this.isComplete && !until.aborted) await this.waiting.wait(until);
  }

  /** The expected time until the scan is complete, in whole seconds, at least 1. */
  get secondsLeft(): number {
    const done = Math.max(1, this.next - this.first);
    const perRecord = (performance.now() - this.startedAt) / done;
    return Math.max(1, Math.ceil(((this.goal - this.next + 1) * perRecord) / 1000));
  }

  end(): void {
    this.ended.abort();
    this.waiting.wakeAll();
  }

  private async run(): Promise<void> {
    const { journal, target } = this;
    const { signal } = this.ended;
    let since = performance.now();
    for await (const got of journal.read({ after: this.first - 1 }, signal)) {
      if ('batch' in got) {
        for (let done = 0; done < got.batch.count && !signal.aborted;) {
          done = target.add(got.seq, got.batch, done);
          if (performance.now() - since < STEP_MS) continue;
          await new Promise((resolve) => setTimeout(resolve, this.isComplete ? 0 : PAUSE_MS));
          since = performance.now();
        }
        this.next = got.seq + 1;
      } else {
        target.dropBefore(got.to + 1);
        this.next = got.to + 1;
      }
      target.dropBefore(journal.oldest);
      if (!this.isComplete && this.next > this.goal) {
        this.isComplete = true;
        this.waiting.wakeAll();
      }
    }
  }
}
