import type { JournalPlace, LogException } from '../../feed/journal/entry-journal.js';
import { GapLedger, type NewGap } from './gap-ledger.js';
import type { LogState } from './log-state.js';
import type { SavedLog } from './state-file.js';

/** Interval at which the position of a log that does not grow is saved as current. */
const CONFIRM_INTERVAL_MS = 60_000;

/** StateRecord holds the state of one log and determines the part of it to save. */
export class StateRecord {
  readonly gaps: GapLedger;
  /** See {@link SavedLog.place}. */
  place: JournalPlace | undefined;
  private current: LogState;
  /** Time at which `current.next` was last current, milliseconds since the epoch. */
  private asOf: number;
  /** A saved position that is not resumed. It is kept until the first head, at which the log starts instead, is known. */
  private left: { readonly saved: SavedLog; readonly reason: string } | undefined;

  constructor(
    saved: SavedLog | undefined,
    onGapChange: (added?: NewGap) => void,
    private readonly now: () => number,
  ) {
    const { asOf = 0, gaps = [], place, ...state } = saved ?? {};
    this.current = state;
    this.asOf = asOf;
    this.place = place;
    this.gaps = new GapLedger(gaps, { onChange: onGapChange, rangeAt: (index) => this.rangeAt(index), now });
  }

  get state(): LogState {
    return this.current;
  }

  /** Whether the log begins at its first head although it has a position. */
  get isLeft(): boolean {
    return this.left !== undefined;
  }

  /** The state to save. A position that is not resumed is saved until the new position is known. */
  get saved(): SavedLog {
    const { head } = this.current;
    const state =
      this.left === undefined ? { ...this.current, asOf: this.asOf } : { ...this.left.saved, head };
    return { ...state, gaps: this.gaps.all(), ...(this.place !== undefined && { place: this.place }) };
  }

  /** Age of the position in milliseconds; 0 without a position, and if the clock was set back. */
  get age(): number {
    return this.current.next === undefined ? 0 : Math.max(0, this.now() - this.asOf);
  }

  update(change: LogState): void {
    const { left } = this;
    if (left?.saved.next !== undefined && change.next !== undefined) {
      this.left = undefined;
      this.gaps.add({ from: left.saved.next, to: change.next, reason: left.reason, skipped: true });
    }
    this.current = { ...this.current, ...change };
    const { next, head } = this.current;
    const isAtHead = change.head !== undefined && next !== undefined && head!.treeSize <= next;
    if (change.next !== undefined || isAtHead) this.asOf = this.now();
  }

  /** Takes what other processes left out and streamed late after {@link place}, in this order. */
  catchUp(exceptions: readonly LogException[]): void {
    for (const { kind, from, to } of exceptions) {
      if (kind === 'late') this.gaps.filled(from, to);
      else if (!this.gaps.all().some((gap) => gap.from <= from && gap.to >= to))
        this.gaps.add({ from, to, reason: 'left out by the member that followed the log before' });
    }
  }

  private rangeAt(index: number): readonly Buffer[] | undefined {
    const { next, range, verified } = this.current;
    if (verified?.size === index) return verified.hashes;
    return next === index ? range : undefined;
  }

  /**
   * Confirms that the position is current although the log does not grow.
   * @returns whether the confirmation should be saved.
   */
  confirm(): boolean {
    const { next } = this.current;
    if (next === undefined || this.age < CONFIRM_INTERVAL_MS) return false;
    this.asOf = this.now();
    return true;
  }

  /** Continues at the first head that the log serves. The entries before it are skipped. */
  leave(reason: string): void {
    if (this.current.next === undefined) return;
    this.left = { saved: this.saved, reason };
    this.current = { head: this.current.head };
  }

  /**
   * Continues at `end`. Head, gaps and what was verified before it stay; the gaps after it do not, because their entries are streamed
   * again.
   */
  continueAt(end: number): void {
    const { head, verified } = this.current;
    this.forget();
    this.gaps.truncate(end);
    this.update({
      next: end,
      ...(head !== undefined && { head }),
      ...(verified !== undefined && verified.size <= end && { verified }),
    });
  }

  /** Removes everything except the gaps. */
  forget(): void {
    this.left = undefined;
    this.current = {};
  }
}
