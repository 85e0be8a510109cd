import type { StreamKind } from '../certificate/rendered-texts.js';
import { textFrame } from './message-gap.js';
import type { StreamAudience } from './stream-audience.js';

/** Heartbeat messages as CaliDog's Python server sent them, with one timer that runs only while it has somebody to tell. */
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;

  /** @param intervalMs 0 for no heartbeats. */
  constructor(
    private readonly intervalMs: number,
    private readonly streams: readonly StreamKind[],
    private readonly audiences: Readonly<Record<StreamKind, StreamAudience>>,
  ) {}

  start(): void {
    if (this.intervalMs > 0) this.timer ??= setInterval(() => this.beat(), this.intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private beat(): void {
    const frame = textFrame(JSON.stringify({ message_type: 'heartbeat', timestamp: Date.now() / 1000 }));
    for (const kind of this.streams) {
      const audience = this.audiences[kind];
      audience.flush();
      for (const client of audience.clients) client.sendAside(frame);
    }
  }
}
