/** Calls back once after `ms`. @returns a function that cancels the call. */
export interface Timer {
  after(ms: number, callback: () => void): () => void;
}

/**
 * Waits for a callback or for an abort, whichever comes first.
 * @param begin arranges a later call of `wake`, and returns a function that cancels it. `begin` is not called if `signal`
 * is already aborted.
 * @returns true when `wake` was called, false when `signal` was aborted. Never rejects.
 */
export function wakeOrAbort(
  begin: (wake: () => void) => () => void,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isWoken: boolean): void => {
      cancel();
      signal?.removeEventListener('abort', abort);
      resolve(isWoken);
    };
    const abort = (): void => end(false);
    const cancel = begin(() => end(true));
    signal?.addEventListener('abort', abort);
  });
}

/** One caller in a {@link WaitQueue}. */
export interface Waiter<T> {
  readonly item: T;
  /** Removes the caller from the queue and lets it continue. */
  readonly wake: () => void;
}

/** Callers that wait until another part of the program wakes them, in order of arrival. */
export class WaitQueue<T = void> implements Iterable<Waiter<T>> {
  private readonly waiters = new Set<Waiter<T>>();

  get size(): number {
    return this.waiters.size;
  }

  /** In order of arrival; waiters may be woken during the iteration. */
  [Symbol.iterator](): Iterator<Waiter<T>> {
    return this.waiters.values();
  }

  /**
   * Waits at the end of the queue.
   * @param item describes the caller to the part of the program that wakes it.
   * @returns true when the caller was woken, false when `signal` ended the wait. Never rejects.
   */
  wait(signal: AbortSignal | undefined, item: T): Promise<boolean> {
    return wakeOrAbort((wake) => this.add(item, wake), signal);
  }

  /** Like {@link wait}, but also ends with true after `ms`. With Infinity, only a wake or `signal` ends the wait. */
  waitFor(ms: number, timer: Timer, signal: AbortSignal | undefined, item: T): Promise<boolean> {
    return wakeOrAbort((wake) => {
      const leave = this.add(item, wake);
      const stop = ms === Infinity ? undefined : timer.after(ms, wake);
      return () => {
        leave();
        stop?.();
      };
    }, signal);
  }

  /** Wakes every caller that waits now. */
  wakeAll(): void {
    const woken = [...this.waiters];
    for (const { wake } of woken) wake();
  }

  private add(item: T, wake: () => void): () => void {
    const waiter = { item, wake };
    this.waiters.add(waiter);
    return () => this.waiters.delete(waiter);
  }
}
