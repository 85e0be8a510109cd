/**
 * Turns runs work one after the other, in the order of the calls: what one piece of work needs, such as a file, no other
 * changes meanwhile. Work that fails does not keep the next from its turn.
 */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all earlier work has ended. @returns its result. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
