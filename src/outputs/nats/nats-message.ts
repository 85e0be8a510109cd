import type { MsgHdrs } from '@nats-io/transport-node';
import { SharedHeaders } from '../messages/cloud-event.js';
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

/**
 * Writes one message for each entry. JetStream drops a second message with the same `Nats-Msg-Id` in a stream, also if its subject differs.
 * So the id begins with the subject: two outputs that share a stream have different ids. With `subject: rust`, the id is that of
 * certstream-server-rust, and the configuration refuses a second output to the same stream.
 */
export function* natsMessages(
  entries: readonly OutputMessage[],
  subjects: NatsSubjects,
): Generator<NatsMessage, void> {
  const headers = new SharedHeaders('ce-', (shared) =>
    shared.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
  );
  for (const entry of entries) {
    const subject = subjects.of(entry.source);
    const id = subjects.isOfRust ? entry.id : `${subject}:${entry.id}`;
    const block = `NATS/1.0\r\nNats-Msg-Id: ${id}\r\nce-id: ${entry.id}\r\n${headers.of(entry)}\r\n`;
    yield { subject, headers: Buffer.from(block), body: entry.text, entries: [entry] };
  }
}

/**
 * Headers that are encoded already. To publish, the client calls nothing but `encode`, and its own class takes three times the CPU time
 * to write seven headers.
 */
export function encodedHeaders(block: Buffer): MsgHdrs {
  return { encode: () => block } as unknown as MsgHdrs;
}
