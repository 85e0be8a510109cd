import type { BackPressure } from '../../feed/back-pressure.js';

/** After an owner has used up its time, it may not block the logs for this many times that time. */
const PAUSE_FACTOR = 10;
/** Bound on the owners whose pause is remembered. */
const MAX_PAUSES = 1000;

/** The clients that the logs wait for, each for a limited time. */
export class BlockingSubscribers<Subscriber extends object> {
  private readonly timers = new Map<Subscriber, NodeJS.Timeout>();
  /** When the pause of each owner ends; the pause that ends first comes first. */
  private readonly pauses = new Map<string, number>();

  /**
   * @param onTimeout is called when a client has used up its time and the logs have stopped waiting for it.
   * @param ownerOf returns the owner of a client. An owner gets no new time by reconnecting.
   */
  constructor(
    private readonly pressure: BackPressure,
    private readonly maxMs: number,
    private readonly onTimeout: (subscriber: Subscriber) => void,
    private readonly ownerOf: (subscriber: Subscriber) => string,
  ) {}

  /** Makes the logs wait for the client. @returns false when the client is in its pause, so the logs do not wait. */
  hold(subscriber: Subscriber): boolean {
    if (this.timers.has(subscriber)) return true;
    if (performance.now() < (this.pauses.get(this.ownerOf(subscriber)) ?? 0)) return false;
    this.pressure.hold(subscriber);
    const giveUp = (): void => {
      this.release(subscriber);
      this.pause(this.ownerOf(subscriber));
      this.onTimeout(subscriber);
    };
    this.timers.set(subscriber, setTimeout(giveUp, this.maxMs).unref());
    return true;
  }

  release(subscriber: Subscriber): void {
    clearTimeout(this.timers.get(subscriber));
    if (this.timers.delete(subscriber)) this.pressure.release(subscriber);
  }

  private pause(owner: string): void {
    this.pauses.delete(owner);
    this.pauses.set(owner, performance.now() + PAUSE_FACTOR * this.maxMs);
    if (this.pauses.size > MAX_PAUSES) this.pauses.delete(this.pauses.keys().next().value as string);
  }
}
