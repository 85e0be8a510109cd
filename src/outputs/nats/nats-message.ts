import type { MsgHdrs } from '@nats-io/transport-node';
import { SharedHeaders } from '../messages/cloud-event.js';
import type { OutputMessage } from '../messages/output-message.js';
import type { NatsSettings } from './nats-connection.js';
import type { NatsSubjects } from './nats-subjects.js';

const LINE_FEED = 0x0a;

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

/** Octets for the headers of a message of several entries. */
const HEADER_ROOM = 2048;

/**
 * Writes the messages of one output: one for each entry, or with `body: json_lines` one for consecutive entries of a record. JetStream drops a second message with the same `Nats-Msg-Id` in a stream, also if its subject differs.
 * So the id begins with the subject: two outputs that share a stream have different ids. With `subject: rust`, the id is that of
 * certstream-server-rust, and the configuration refuses a second output to the same stream.
 */
export class NatsMessages {
  /** Most octets of a message of several entries. */
  private limit: number;

  constructor(
    private readonly settings: Pick<NatsSettings, 'body' | 'max_batch_kb'>,
    private readonly subjects: NatsSubjects,
  ) {
    this.limit = settings.max_batch_kb * 1024;
  }

  /** Makes later messages of several entries no larger than this number of octets with their headers. */
  bound(octets: number): void {
    this.limit = Math.min(this.limit, octets);
  }

  *write(entries: readonly OutputMessage[]): Generator<NatsMessage, void> {
    const isLines = this.settings.body === 'json_lines';
    const headers = new SharedHeaders('ce-', (shared) =>
      shared.map(([name, value]) => headerLine(name, isLines ? typeOfLines(name, value) : value)).join(''),
    );
    for (const group of isLines ? this.groups(entries) : eachAlone(entries)) {
      const [first] = group;
      const id = isLines ? first.idThrough(group.at(-1)!, group.length) : first.id;
      const subject = this.subjects.of(first.source);
      const stored = this.subjects.isOfRust ? id : `${subject}:${id}`;
      const block = `NATS/1.0\r\nNats-Msg-Id: ${stored}\r\nce-id: ${id}\r\n${headers.of(first)}\r\n`;
      yield {
        subject,
        headers: Buffer.from(block),
        body: isLines ? linesOf(group) : first.text,
        entries: group,
      };
    }
  }

  /** Never puts entries of two records in one message: a delivery that is repeated would then have other messages, with other ids. */
  private *groups(entries: readonly OutputMessage[]): Generator<readonly OutputMessage[]> {
    const room = this.limit - HEADER_ROOM;
    let from = 0;
    let size = 0;
    for (let i = 0; i < entries.length; i++) {
      const octets = entries[i].size + 1;
      if (i > from && (size + octets > room || !entries[i].isOfRecordOf(entries[from]))) {
        yield entries.slice(from, i);
        from = i;
        size = 0;
      }
      size += octets;
    }
    if (from < entries.length) yield entries.slice(from);
  }
}

function* eachAlone(entries: readonly OutputMessage[]): Generator<readonly OutputMessage[]> {
  for (const entry of entries) yield [entry];
}

function headerLine(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

function typeOfLines(name: string, value: string): string {
  return name === 'content-type' ? 'application/x-ndjson' : value;
}

/** Returns the texts, each with a line feed. */
function linesOf(group: readonly OutputMessage[]): Buffer {
  const lines = Buffer.allocUnsafe(group.reduce((sum, { size }) => sum + size + 1, 0));
  let at = 0;
  for (const { text } of group) {
    at += text.copy(lines, at);
    lines[at++] = LINE_FEED;
  }
  return lines;
}

/**
 * Headers that are encoded already. To publish, the client calls nothing but `encode`, and its own class takes three times the CPU time
 * to write seven headers.
 */
export function encodedHeaders(block: Buffer): MsgHdrs {
  return { encode: () => block } as unknown as MsgHdrs;
}
