import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';

/** What is known about a traced operation when it begins. */
export type TraceContext = Readonly<Record<string, string | number>>;

/**
 * Operations that last and that are worth a span each, as tracing channels of Node. There is none on the way of a single entry.
 * The names of the channels are those of the spans.
 */
export const TRACE_CHANNELS = {
  /** A request for a range of entries of a log, until its answer is read. */
  fetch: channel('certstream.fetch'),
  /** Checking a new tree head against the entries: the proofs that this needs are requested from the log. */
  verify: channel('certstream.verify'),
  /** One try to deliver records to an output. */
  deliver: channel('certstream.deliver'),
};

function channel(name: string): TracingChannel {
  return tracingChannel(name);
}

/**
 * Runs an operation, and publishes its start, end and error if a subscriber listens.
 * @param context is called only then.
 */
export function traced<T>(
  to: TracingChannel,
  context: () => TraceContext,
  operation: () => Promise<T>,
): Promise<T> {
  return to.start.hasSubscribers ? to.tracePromise(operation, context()) : operation();
}
