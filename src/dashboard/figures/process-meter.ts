import {
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
  PerformanceObserver,
} from 'node:perf_hooks';
import type { EventLoopUtilization } from 'node:perf_hooks';

/** Resolution of the timer that measures the delay of the event loop, milliseconds. It is included in what the timer measures. */
const RESOLUTION_MS = 20;
/** Nanoseconds of a millisecond. */
const MS = 1e6;

/** Totals of the process since its start. */
export interface ProcessTotals {
  /** CPU time of all threads, milliseconds. */
  readonly cpuMs: number;
  readonly loop: EventLoopUtilization;
  /** Pauses for garbage collection while it was observed, milliseconds; undefined while it is not observed. */
  readonly gcMs: number | undefined;
}

/**
 * Measures the process. Garbage collection and the delay of the event loop cost a little, so they are measured only between
 * {@link observe} and {@link rest}.
 */
export class ProcessMeter {
  private gcMs = 0;
  private collector: PerformanceObserver | undefined;
  private delay: IntervalHistogram | undefined;
  private lastDelay: { readonly p50: number; readonly p99: number } | undefined;

  observe(): void {
    if (this.collector !== undefined) return;
    this.collector = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.gcMs += duration;
    });
    this.collector.observe({ entryTypes: ['gc'] });
    this.delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delay.enable();
  }

  rest(): void {
    this.collector?.disconnect();
    this.delay?.disable();
    this.collector = this.delay = this.lastDelay = undefined;
  }

  get totals(): ProcessTotals {
    const { user, system } = process.cpuUsage();
    return {
      cpuMs: (user + system) / 1000,
      loop: performance.eventLoopUtilization(),
      gcMs: this.collector === undefined ? undefined : this.gcMs,
    };
  }

  /** Ends a window of {@link loopDelay}. */
  turn(): void {
    if (this.delay === undefined) return;
    this.lastDelay = delayOf(this.delay);
    this.delay.reset();
  }

  /** How late timers ran in the last window, milliseconds; undefined while it is not measured. */
  get loopDelay(): { readonly p50: number; readonly p99: number } | undefined {
    return this.lastDelay ?? (this.delay && delayOf(this.delay));
  }
}

function delayOf(histogram: IntervalHistogram): { p50: number; p99: number } | undefined {
  if (histogram.count === 0) return undefined;
  const late = (part: number): number => Math.max(0, histogram.percentile(part) / MS - RESOLUTION_MS);
  return { p50: late(50), p99: late(99) };
}
