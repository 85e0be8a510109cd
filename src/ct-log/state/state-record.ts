import { GapLedger, type NewGap } from './gap-ledger.js';
import type { LogState } from './log-state.js';
import type { SavedLog } from './state-file.js';

/** A position that says every so often that it is still that of now, for logs that do not grow. */
const CONFIRM_INTERVAL_MS = 60_000;

/** What is known of one log, and what is to be written of it. */
export class StateRecord {
  readonly gaps: GapLedger;
  private current: LogState;
  /** When `current.next` was the position of this server, milliseconds since the epoch. */
  private asOf: number;
  /** The position that is not resumed, until the head is known where the log is begun instead. */
  private left: { readonly saved: SavedLog; readonly reason: string } | undefined;

  constructor(
    saved: SavedLog | undefined,
    onGapChange: (added?: NewGap) => void,
    private readonly now: () => number,
  ) {
    const { asOf = 0, gaps = [], ...state } = saved ?? {};
    this.current = state;
    this.asOf = asOf;
    this.gaps = new GapLedger(gaps, { onChange: onGapChange, rangeAt: (index) => this.rangeAt(index), now });
  }

  get state(): LogState {
    return this.current;
  }

  /** What a file has to keep. A position that is left behind stays until there is another one. */
  get saved(): SavedLog {
    const { head } = this.current;
    const state =
      this.left === undefined ? { ...this.current, asOf: this.asOf } : { ...this.left.saved, head };
    return { ...state, gaps: this.gaps.all() };
  }

  /** Milliseconds; 0 for a log without position, and after a clock that was set back. */
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

  private rangeAt(index: number): readonly Buffer[] | undefined {
    const { next, range, verified } = this.current;
    if (verified?.size === index) return verified.hashes;
    return next === index ? range : undefined;
  }

  /**
   * The position is that of now although nothing moves.
   * @returns whether that is worth saving.
   */
  confirm(): boolean {
    const { next } = this.current;
    if (next === undefined || this.age < CONFIRM_INTERVAL_MS) return false;
    this.asOf = this.now();
    return true;
  }

  /** Goes on at the head that the log has at the first answer; what lies in between is skipped. */
  leave(reason: string): void {
    if (this.current.next === undefined) return;
    this.left = { saved: this.saved, reason };
    this.current = { head: this.current.head };
  }

  /** Nothing but the gaps is known. */
  forget(): void {
    this.left = undefined;
    this.current = {};
  }
}
