import type { BackPressure } from './back-pressure.js';
import type { StreamClient } from './stream-client.js';

/** Clients that the logs wait for right now, each for a limited time. */
export class BlockingClients {
  private readonly timers = new Map<StreamClient, NodeJS.Timeout>();

  /** @param onTimeout called when a client has used up its time; the logs do not wait for it any more. */
  constructor(
    private readonly pressure: BackPressure,
    private readonly maxMs: number,
    private readonly onTimeout: (client: StreamClient) => void,
  ) {}

  hold(client: StreamClient): void {
    if (this.timers.has(client)) return;
    this.pressure.hold(client);
    const giveUp = (): void => {
      this.release(client);
      this.onTimeout(client);
    };
    this.timers.set(client, setTimeout(giveUp, this.maxMs).unref());
  }

  release(client: StreamClient): void {
    clearTimeout(this.timers.get(client));
    if (this.timers.delete(client)) this.pressure.release(client);
  }
}
