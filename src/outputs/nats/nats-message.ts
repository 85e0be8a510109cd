import type { MsgHdrs } from '@nats-io/transport-node';
import { cloudEventHeaders } from '../messages/cloud-event.js';
import type { OutputMessage } from '../messages/output-message.js';
import type { NatsSubjects } from './nats-subjects.js';

/** A message for JetStream. */
export interface NatsMessage {
  readonly subject: string;
  /** The header block with its version line and the empty line at its end. */
  readonly headers: Buffer;
  readonly body: Buffer;
  /** The entries in the message. */
  readonly entries: readonly OutputMessage[];
}

/** Returns the number of octets that count towards `max_payload` and `max_msg_size`. */
export function sizeOf({ headers, body }: Pick<NatsMessage, 'headers' | 'body'>): number {
  return headers.length + body.length;
}

/** Writes one message for each entry. JetStream drops a second message with the same `Nats-Msg-Id`. */
export function* natsMessages(
  entries: readonly OutputMessage[],
  subjects: NatsSubjects,
): Generator<NatsMessage, void> {
  for (const entry of entries)
    yield {
      subject: subjects.of(entry.source),
      headers: headerBlock(entry.id, entry),
      body: entry.text,
      entries: [entry],
    };
}

function headerBlock(id: string, entry: OutputMessage): Buffer {
  let text = `NATS/1.0\r\nNats-Msg-Id: ${id}`;
  for (const [name, value] of cloudEventHeaders(entry, 'ce-')) text += `\r\n${name}: ${value}`;
  return Buffer.from(`${text}\r\n\r\n`);
}

/**
 * Headers that are encoded already. To publish, the client calls nothing but `encode`, and its own class takes three times the CPU time
 * to write seven headers.
 */
export function encodedHeaders(block: Buffer): MsgHdrs {
  return { encode: () => block } as unknown as MsgHdrs;
}
