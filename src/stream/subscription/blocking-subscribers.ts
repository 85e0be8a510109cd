import type { BackPressure } from '../../feed/back-pressure.js';

/** An owner that has used up its time may not let the logs wait again for so many times that time. */
const PAUSE_FACTOR = 10;
/** Owners of clients in their pause that are remembered. */
const MAX_PAUSES = 1000;

/** Clients that the logs wait for right now, each for a limited time. */
export class BlockingSubscribers<Subscriber extends object> {
  private readonly timers = new Map<Subscriber, NodeJS.Timeout>();
  /** Ends of pauses, the first to end first. */
  private readonly pauses = new Map<string, number>();

  /**
   * @param onTimeout called when a client has used up its time; the logs do not wait for it any more.
   * @param ownerOf names the owner of a client; an owner does not get new time by connecting again.
   */
  constructor(
    private readonly pressure: BackPressure,
    private readonly maxMs: number,
    private readonly onTimeout: (subscriber: Subscriber) => void,
    private readonly ownerOf: (subscriber: Subscriber) => string,
  ) {}

  /** @returns false when the client may not let the logs wait now. */
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
