import type { StreamAudience } from '../subscription/stream-audience.js';

/** Sends heartbeat messages like CaliDog's Python server. Its timer runs only while there is a client. */
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;

  /** @param intervalMs 0 sends no heartbeats. */
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
