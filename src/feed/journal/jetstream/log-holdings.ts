import type { JsMsg } from '@nats-io/jetstream';
import type { JournaledEntries, JournalPlace, LogException } from '../entry-journal.js';
import { decodeFrameHeaders, nextIndexIn } from './frame-headers.js';
import type { JournalStream } from './journal-stream.js';
import type { StreamConnection } from './stream-connection.js';

/** Headers of one request. They take some hundred octets each. */
const READ_MESSAGES = 1000;
const READ_WITHIN_MS = 2000;

type Connection = Pick<StreamConnection, 'jetstream'>;

interface ExceptionRange {
  readonly stream: string;
  readonly subject: string;
  readonly after: number;
  /** The last message of the subject. */
  readonly last: number;
}

/** What the stream holds of one log. */
export interface LogHoldings {
  /** The last message of the log; with the sequence 0 if there is none. */
  readonly last: JournalPlace;
  /** Undefined if no message says where the log ends. */
  readonly entries: JournaledEntries | undefined;
}

/**
 * Reads what the stream holds of the log with a subject.
 * @param known the place whose exceptions are known; if it is of another stream, all exceptions are read.
 * @throws the error of the client, or an Error if the stream does not deliver the messages of the log, or a later version wrote one of
 *   them.
 */
export async function readHoldings(
  { stream, connection }: { readonly stream: JournalStream; readonly connection: Connection },
  subject: string,
  known: JournalPlace | undefined,
): Promise<LogHoldings> {
  const { epoch } = await stream.refresh();
  const message = await stream.lastOf(subject);
  const seq = message?.seq ?? 0;
  const end = nextIndexIn(message?.headers);
  const after = known?.epoch === epoch ? known.seq : 0;
  const exceptions = await readExceptions(connection, { stream: stream.name, subject, after, last: seq });
  return { last: { epoch, seq }, entries: end === undefined ? undefined : { end, exceptions } };
}

/** Reads from the headers of the messages after one of them what was left out and what came late. */
async function readExceptions(
  { jetstream }: Connection,
  { stream, subject, after, last }: ExceptionRange,
): Promise<LogException[]> {
  const exceptions: LogException[] = [];
  if (after >= last) return exceptions;
  const consumer = await jetstream.consumers.get(stream, {
    opt_start_seq: after + 1,
    filter_subjects: subject,
    headers_only: true,
  });
  try {
    let seq = after;
    while (seq < last) {
      const before = seq;
      for await (const message of await consumer.fetch({
        max_messages: READ_MESSAGES,
        expires: READ_WITHIN_MS,
      })) {
        seq = message.seq;
        const exception = exceptionOf(message);
        if (exception !== undefined) exceptions.push(exception);
        if (seq >= last) break;
      }
      if (seq === before) throw new Error(`record ${last} of ${subject} is not delivered`);
    }
  } finally {
    consumer.delete().catch(() => undefined);
  }
  return exceptions;
}

/** @throws Error if a later version wrote the message: it may be an exception of a kind that this version does not know. */
function exceptionOf({ seq, headers: raw }: Pick<JsMsg, 'seq' | 'headers'>): LogException | undefined {
  const headers = decodeFrameHeaders(raw);
  if (!('owner' in headers)) {
    if (headers.isNewer) throw new Error(`record ${seq} cannot be read: ${headers.reason}`);
    return undefined;
  }
  const { kind, first, count } = headers;
  return kind === 'unavailable' || kind === 'late' ? { kind, from: first, to: first + count } : undefined;
}
