import type { BodyCollector } from './body-collector.js';

/** Octets per second that a body has to bring: less than a slow line that is shared, more than one who just holds on. */
const LEAST_RATE = 1024;
/** No request takes longer, however large its body. */
const MAX_REQUEST_MS = 10 * 60_000;

/**
 * The time limits of one request: its answer has to begin within `timeoutMs`; then each `bodySpanMs` has to bring
 * {@link LEAST_RATE}. What ends within `timeoutMs` is not asked how it came.
 */
export class ResponseDeadline {
  private timer: NodeJS.Timeout;
  private readonly begun = performance.now();
  private seenAt = 0;
  private seen = 0;

  constructor(
    private readonly collector: BodyCollector,
    timeoutMs: number,
    private readonly bodySpanMs: number,
  ) {
    this.timer = setTimeout(() => this.check(), timeoutMs);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private check(): void {
    const { collector } = this;
    const now = performance.now();
    const since = this.seenAt || (collector.headAt ?? now);
    // A span that is not over yet may still bring enough.
    const early = collector.headAt === undefined ? 0 : since + this.bodySpanMs - now;
    if (early > 0) return this.wait(early);
    const isFlowing = collector.received - this.seen >= ((now - since) / 1000) * LEAST_RATE;
    if (collector.headAt === undefined || !isFlowing || now - this.begun >= MAX_REQUEST_MS) {
      collector.timeOut();
      return;
    }
    this.seenAt = now;
    this.seen = collector.received;
    this.wait(this.bodySpanMs);
  }

  private wait(ms: number): void {
    this.timer = setTimeout(() => this.check(), Math.ceil(ms));
  }
}
