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

/** SharedTurns runs up to `most` pieces of work at the same time. Further work waits, in the order of the calls. */
export class SharedTurns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  /** Runs `work` when fewer than `most` pieces run. @returns its result. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.most) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The next piece takes over the place.
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }
}
