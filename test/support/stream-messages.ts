import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import type { StreamReader } from '../../src/testing/stream-reader.js';

/** A message about the stream. */
export interface EventMessage {
  readonly message_type: string;
  readonly data: Record<string, unknown>;
}

/** The messages of a reader, each parsed once. */
const parsed = new WeakMap<StreamReader, EventMessage[]>();

export function messagesOf(reader: StreamReader): readonly EventMessage[] {
  const known = parsed.get(reader) ?? [];
  for (const frame of reader.frames.slice(known.length)) known.push(JSON.parse(frame) as EventMessage);
  parsed.set(reader, known);
  return known;
}

export const eventsOf = (reader: StreamReader, type: string): EventMessage[] =>
  messagesOf(reader).filter(({ message_type: kind }) => kind === type);

/** @param end number of messages that count; all by default. */
export const indicesOf = (reader: StreamReader, end = reader.frames.length): number[] =>
  messagesOf(reader)
    .slice(0, end)
    .filter(({ message_type: kind }) => kind === 'certificate_update')
    .map(({ data }) => data['cert_index'] as number);

export const cursorOf = (reader: StreamReader, type = 'cursor'): string =>
  eventsOf(reader, type).at(-1)!.data['cursor'] as string;

/** Waits until a reader has the entry before `end`. */
export const upTo = (reader: StreamReader, end: number): Promise<void> =>
  reader.until(() => indicesOf(reader).at(-1) === end - 1, `the entry ${end - 1}`);

/** Returns a name of an entry without wildcard. */
export const plainNameOf = ({ data }: CertificateUpdate): string =>
  data.leaf_cert.all_domains[0].replace(/^\*\./, '').toLowerCase();

/** Returns issuer and serial number, which identify a certificate (RFC 5280, 4.1.2.2). */
export const certificateOf = ({ data: { leaf_cert: leaf } }: CertificateUpdate): string =>
  `${leaf.issuer.aggregated} ${leaf.serial_number}`;

export async function untilCursor(reader: StreamReader): Promise<string> {
  const before = eventsOf(reader, 'cursor').length;
  await reader.until(() => eventsOf(reader, 'cursor').length > before, 'a cursor');
  return cursorOf(reader);
}

/** Returns the answer to a request over the WebSocket. */
export async function ask(reader: StreamReader, request: Record<string, unknown>): Promise<EventMessage> {
  const id = Math.random();
  reader.socket.send(JSON.stringify({ ...request, id }));
  const answers = (): EventMessage[] =>
    ['subscribed', 'status', 'error']
      .flatMap((type) => eventsOf(reader, type))
      .filter(({ data }) => data['id'] === id);
  await reader.until(() => answers().length > 0, 'an answer');
  return answers()[0];
}
