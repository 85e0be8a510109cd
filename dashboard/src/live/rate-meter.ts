/** The rate is an average over this time. */
const WINDOW_MS = 5000;
/** The count grows at least so often while certificates arrive: the server counts what it left out once per second. */
const QUIET_MS = 2000;

interface Noted {
  readonly count: number;
  readonly atMs: number;
}

/**
 * The rate of a count that grows in large steps. It is measured from step to step, so that it does not swing with the time since the
 * last one. Times are milliseconds of a monotonic clock.
 */
export class RateMeter {
  /** Oldest first: one note before the window, and those in it. */
  private notes: Noted[] = [];

  /** Forgets the notes and begins at a count. */
  begin(count: number, atMs: number): void {
    this.notes = [{ count, atMs }];
  }

  /** Notes a step of the count. */
  note(count: number, atMs: number): void {
    this.notes.push({ count, atMs });
    while (this.notes.length > 2 && this.notes[1].atMs <= atMs - WINDOW_MS) this.notes.shift();
  }

  /** Returns the number per second. @param count the count of now */
  rate(count: number, nowMs: number): number {
    const newest = this.notes.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= QUIET_MS) this.note(count, nowMs);
    const [first] = this.notes;
    const last = this.notes[this.notes.length - 1];
    return last.atMs > first.atMs ? ((last.count - first.count) * 1000) / (last.atMs - first.atMs) : 0;
  }
}
