import type { StreamKind } from '../../certificate/rendered-texts.js';
import { FILTER_FIELDS } from '../../filter/filter-terms.js';
import type { DocumentOptions } from './openapi.js';
import { componentSchemas, EVENT_NAMES } from './schema-documents.js';

/** The message of each stream. */
const MESSAGES: Readonly<Record<StreamKind, string>> = {
  full: 'certificate_update.full',
  lite: 'certificate_update.lite',
  domains: 'dns_entries',
};
const OPTIONS = {
  format: { type: 'string', enum: ['go', 'calidog'], description: 'Format of the values.' },
  events: { type: 'string', enum: ['0', '1'], description: '1: messages about the stream, such as `gap`.' },
  slow: { type: 'string', description: 'What the server does when the client is slower than the stream.' },
  enrich: {
    type: 'string',
    enum: ['0', '1'],
    description: '1: more fields, such as the LogID and a cursor.',
  },
  unique: { type: 'string', enum: ['0', '1'], description: '1: each certificate once.' },
  since: {
    type: 'string',
    description: 'A cursor, a time or a duration such as -90s: where the stream begins.',
  },
  limit: { type: 'string', description: 'Number of messages after which the stream ends.' },
  sample: {
    type: 'string',
    description: 'Messages per second at most. The others are left out and counted in `cursor` messages.',
  },
  ...Object.fromEntries(
    FILTER_FIELDS.map((field) => [field, { type: 'string', description: 'Field of the filter.' }]),
  ),
};

const SSE_OPTIONS = {
  ...OPTIONS,
  stream: { type: 'string', enum: ['full', 'lite', 'domains'], description: 'The stream; default lite.' },
};

/**
 * Returns the AsyncAPI 3.0 description of the streams.
 * @param paths the configured paths of the streams and of the Server-Sent Events.
 */
export function asyncApi(
  paths: Readonly<Record<StreamKind | 'sse', string>>,
  { version, needsToken }: DocumentOptions,
): object {
  const kinds = Object.keys(MESSAGES) as StreamKind[];
  const references = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'certstream-server-nest',
      version,
      description: 'The streams of certificates. /openapi.json describes the HTTP pages.',
    },
    defaultContentType: 'application/json',
    channels: {
      ...Object.fromEntries(
        kinds.map((kind) => [
          kind,
          {
            address: paths[kind],
            description: `The ${kind} stream over WebSocket: one JSON document in each text message.`,
            messages: references([MESSAGES[kind], ...EVENT_NAMES]),
            bindings: { ws: { method: 'GET', query: { type: 'object', properties: OPTIONS } } },
          },
        ]),
      ),
      sse: {
        address: paths.sse,
        description:
          'A stream as Server-Sent Events: one JSON document in the data of each event, with a cursor as its id.',
        messages: references([...Object.values(MESSAGES), 'gap', 'live']),
      },
    },
    operations: {
      ...Object.fromEntries(
        kinds.map((kind) => [
          `receive_${kind}`,
          {
            action: 'send',
            channel: { $ref: `#/channels/${kind}` },
            summary: `Send the ${kind} stream to a client.`,
          },
        ]),
      ),
      receive_sse: {
        action: 'send',
        channel: { $ref: '#/channels/sse' },
        summary: 'Send a stream to a client as Server-Sent Events.',
        bindings: { http: { method: 'GET', query: { type: 'object', properties: SSE_OPTIONS } } },
      },
    },
    components: {
      messages: Object.fromEntries(
        [...Object.values(MESSAGES), ...EVENT_NAMES].map((name) => [
          name,
          { name, payload: { $ref: `#/components/schemas/${name}` } },
        ]),
      ),
      schemas: componentSchemas(),
      ...(needsToken && {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      }),
    },
  };
}
