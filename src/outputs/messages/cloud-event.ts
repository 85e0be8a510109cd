import type { LogSource } from '../../certificate/entry-batch.js';
import type { OutputMessage } from './output-message.js';

type Header = [name: string, value: string];
/** `ce-` for HTTP and NATS, `ce_` for Kafka. */
type Prefix = 'ce-' | 'ce_';

const TYPES = { full: 'certstream.full', lite: 'certstream.lite', domains: 'certstream.domains' } as const;

/**
 * Returns the attributes of a message as headers of the binary content mode of CloudEvents 1.0. `id` and `source` together are the
 * same for each delivery of an entry.
 */
export function cloudEventHeaders(message: OutputMessage, prefix: Prefix): Header[] {
  return [[`${prefix}id`, message.id], ...sharedHeaders(message, prefix)];
}

/** The {@link cloudEventHeaders} of a message without its id, in the form of an engine. Entries that arrived together have the same ones. */
export class SharedHeaders<T> {
  private source: LogSource | undefined;
  private seen = Number.NaN;
  private written: T | undefined;

  /** @param write writes the headers; messages of one page or tile share the result. */
  constructor(
    private readonly prefix: Prefix,
    private readonly write: (headers: readonly Header[]) => T,
  ) {}

  /** All messages must be of one output, and so of one stream. */
  of(message: OutputMessage): T {
    const { source, seen } = message;
    if (this.written === undefined || source !== this.source || seen !== this.seen) {
      this.source = source;
      this.seen = seen;
      this.written = this.write(sharedHeaders(message, this.prefix));
    }
    return this.written;
  }
}

function sharedHeaders(message: OutputMessage, prefix: Prefix): Header[] {
  return [
    [`${prefix}specversion`, '1.0'],
    [`${prefix}source`, message.source.url],
    [`${prefix}type`, TYPES[message.stream]],
    [`${prefix}time`, new Date(message.seen).toISOString()],
    ['content-type', 'application/json'],
  ];
}
