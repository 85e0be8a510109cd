import type { OutputMessage } from './output-message.js';

const TYPES = { full: 'certstream.full', lite: 'certstream.lite', domains: 'certstream.domains' } as const;

/**
 * Returns the attributes of a message as headers of the binary content mode of CloudEvents 1.0. `id` and `source` together are the
 * same for each delivery of an entry.
 * @param prefix `ce-` for HTTP and NATS, `ce_` for Kafka.
 */
export function cloudEventHeaders(
  message: OutputMessage,
  prefix: 'ce-' | 'ce_',
): [name: string, value: string][] {
  return [
    [`${prefix}specversion`, '1.0'],
    [`${prefix}id`, message.id],
    [`${prefix}source`, message.source.url],
    [`${prefix}type`, TYPES[message.stream]],
    [`${prefix}time`, new Date(message.seen).toISOString()],
    ['content-type', 'application/json'],
  ];
}
