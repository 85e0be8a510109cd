import type { BackPressure } from '../feed/back-pressure.js';
import type { StreamClient } from './stream-client.js';

/** Times its own time for which whoever has used it up may not let the logs wait again. */
const PAUSE_FACTOR = 10;
/** Owners of clients in their pause that are remembered. */
const MAX_PAUSES = 1000;

/** Clients that the logs wait for right now, each for a limited time. */
export class BlockingClients {
  private readonly timers = new Map<StreamClient, NodeJS.Timeout>();
  /** Ends of pauses, the first to end first. */
  private readonly pauses = new Map<string, number>();

  /**
   * @param onTimeout called when a client has used up its time; the logs do not wait for it any more.
   * @param ownerOf whoever cannot have the time of another client by connecting again.
   */
  constructor(
    private readonly pressure: BackPressure,
    private readonly maxMs: number,
    private readonly onTimeout: (client: StreamClient) => void,
    private readonly ownerOf: (client: StreamClient) => string,
  ) {}

  /** @returns false when the client may not let the logs wait now. */
  hold(client: StreamClient): boolean {
    if (this.timers.has(client)) return true;
    if (performance.now() < (this.pauses.get(this.ownerOf(client)) ?? 0)) return false;
    this.pressure.hold(client);
    const giveUp = (): void => {
      this.release(client);
      this.pause(this.ownerOf(client));
      this.onTimeout(client);
    };
    this.timers.set(client, setTimeout(giveUp, this.maxMs).unref());
    return true;
  }

  release(client: StreamClient): void {
    clearTimeout(this.timers.get(client));
    if (this.timers.delete(client)) this.pressure.release(client);
  }

  private pause(owner: string): void {
    this.pauses.delete(owner);
    this.pauses.set(owner, performance.now() + PAUSE_FACTOR * this.maxMs);
    if (this.pauses.size > MAX_PAUSES) this.pauses.delete(this.pauses.keys().next().value as string);
  }
}
