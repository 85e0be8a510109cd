import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { cloudEventHeaders } from '../messages/cloud-event.js';
import type { OutputMessage } from '../messages/output-message.js';

/** How the messages of one request are written. Each message has one octet before or after it. */
interface Format {
  readonly contentType: string;
  readonly open: string;
  readonly between: string;
  readonly close: string;
  /** Octets of a message. */
  readonly sizeOf: (message: OutputMessage) => number;
  readonly write: (message: OutputMessage) => readonly Buffer[];
}

const FORMATS: Readonly<Record<SettingsOf<'webhook'>['body'], Format>> = {
  json_lines: {
    contentType: 'application/x-ndjson',
    open: '',
    between: '\n',
    close: '\n',
    sizeOf: (message) => message.size,
    write: (message) => [message.text],
  },
  json_array: {
    contentType: 'application/json',
    open: '[',
    between: ',',
    close: ']',
    sizeOf: (message) => message.size,
    write: (message) => [message.text],
  },
  cloudevents: {
    contentType: 'application/cloudevents-batch+json',
    open: '[',
    between: ',',
    close: ']',
    sizeOf: (message) => eventHead(message).length + message.size + 1,
    write: (message) => [Buffer.from(eventHead(message)), message.text, Buffer.from('}')],
  },
};

/** Writes the bodies of a webhook. */
export class WebhookBody {
  /** Octets of a body in addition to its messages. */
  readonly head: number;
  private readonly format: Format;

  constructor(private readonly settings: Pick<SettingsOf<'webhook'>, 'body' | 'max_messages'>) {
    this.format = FORMATS[settings.body];
    this.head = this.format.open.length + this.format.close.length;
  }

  /** Returns the octets that a message takes in a body, with the separator. */
  sizeOf(message: OutputMessage): number {
    return this.format.sizeOf(message) + this.format.between.length;
  }

  /** Returns a body of at least one message. */
  write(messages: readonly OutputMessage[]): Buffer {
    const { open, between, close, write } = this.format;
    const separator = Buffer.from(between);
    const parts: Buffer[] = [Buffer.from(open)];
    messages.forEach((message, i) => {
      if (i > 0) parts.push(separator);
      parts.push(...write(message));
    });
    parts.push(Buffer.from(close));
    return Buffer.concat(parts);
  }

  /**
   * Returns the headers that describe a body. A request with one line is a JSON document, so with `max_messages: 1` it has the attributes of
   * the binary content mode of CloudEvents.
   */
  headers(messages: readonly OutputMessage[]): Record<string, string> {
    const { body, max_messages: most } = this.settings;
    if (body === 'json_lines' && most === 1)
      return Object.fromEntries(
        cloudEventHeaders(messages[0], 'ce-').map(([name, value]) => [name, headerValue(value)]),
      );
    return { 'content-type': this.format.contentType };
  }
}

function eventHead(message: OutputMessage): string {
  const attributes: Record<string, string> = {};
  for (const [name, value] of cloudEventHeaders(message, 'ce-'))
    attributes[name === 'content-type' ? 'datacontenttype' : name.slice('ce-'.length)] = value;
  return `${JSON.stringify(attributes).slice(0, -1)},"data":`;
}

/** Encodes a value as the HTTP binding of CloudEvents does (3.1.3.2): all but printable ASCII, and space, `"` and `%`, as UTF-8 with percents. */
function headerValue(value: string): string {
  return value.replaceAll(/[^\x21-\x7e]|["%]/gu, (character) =>
    [...Buffer.from(character)]
      .map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}
