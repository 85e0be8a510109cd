import type { StreamAudience } from '../subscription/stream-audience.js';

/** Heartbeat messages as CaliDog's Python server sent them, with one timer that runs only while there is a client. */
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;

  /** @param intervalMs 0 for no heartbeats. */
  constructor(
    private readonly intervalMs: number,
    private readonly audiences: readonly StreamAudience[],
  ) {}

  start(): void {
    if (this.intervalMs > 0) this.timer ??= setInterval(() => this.beat(), this.intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private beat(): void {
    const heartbeat = { message_type: 'heartbeat', timestamp: Date.now() / 1000 };
    for (const audience of this.audiences) audience.sendAside(heartbeat);
  }
}
