import type { BodyCollector } from './body-collector.js';

/** Least octets per second of a body. A shared slow line is faster; a peer that only holds the connection open is slower. */
const LEAST_RATE = 1024;
/** Longest time of a request, however large its body. */
const MAX_REQUEST_MS = 10 * 60_000;

/**
 * The time limits of one request. The response must begin within `timeoutMs`. After that, the body must arrive with at
 * least {@link LEAST_RATE} in each `bodySpanMs`. The rate of a response that ends within `timeoutMs` is not checked.
 */
export class ResponseDeadline {
  private timer: NodeJS.Timeout;
  private lastLook: NodeJS.Immediate | undefined;
  private readonly begun = performance.now();
  private seenAt = 0;
  private seen = 0;

  constructor(
    private readonly collector: BodyCollector,
    timeoutMs: number,
    private readonly bodySpanMs: number,
  ) {
    this.timer = setTimeout(() => this.look(), timeoutMs);
  }

  end(): void {
    clearTimeout(this.timer);
    clearImmediate(this.lastLook);
  }

  /** Checks after the sockets were read once more: after a long computation, timers run before what has arrived is read. */
  private look(): void {
    this.lastLook = setImmediate(() => this.check());
  }

  private check(): void {
    const { collector } = this;
    const now = performance.now();
    const since = this.seenAt || (collector.headAt ?? now);
    // The current span is not over, so enough may still arrive.
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
    this.timer = setTimeout(() => this.look(), Math.ceil(ms));
  }
}
