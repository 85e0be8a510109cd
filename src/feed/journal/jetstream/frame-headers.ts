import type { MsgHdrs } from '@nats-io/transport-node';
import type { RecordKind } from '../../../certificate/entry-batch.js';
import { EXPECTED_LAST_SEQUENCE } from '../../../nats/jetstream-api.js';

/** `unavailable` names entries that the log did not deliver. Its frame has no entries. */
export type FrameKind = RecordKind | 'unavailable';

/** Version of the headers and of what the kinds mean. A member reads all versions up to its own. */
const FORMAT = 1;
const KINDS: ReadonlySet<string> = new Set(['next', 'again', 'late', 'unavailable'] satisfies FrameKind[]);

/**
 * The headers of a message of the stream.
 *
 * | header      | value                                                                           |
 * | ----------- | ------------------------------------------------------------------------------- |
 * | `Ct-Format` | version of these headers: 1                                                     |
 * | `Ct-Owner`  | the process that published                                                      |
 * | `Ct-Frame`  | number of the frame; with the owner, it identifies the message                  |
 * | `Ct-Kind`   | `next`, `again`, `late` or `unavailable`                                        |
 * | `Ct-First`  | index of the first entry                                                        |
 * | `Ct-Count`  | number of entries                                                               |
 * | `Ct-Next`   | index after the last entry of the log in all messages so far, this one included |
 */
export interface FrameHeaders {
  readonly owner: string;
  readonly frame: number;
  readonly kind: FrameKind;
  readonly first: number;
  readonly count: number;
  /** Undefined before the first entry of a log. */
  readonly next: number | undefined;
}

/** Why a message is unreadable. */
export interface UnreadableHeaders {
  /** Whether a newer version of this server wrote it. */
  readonly isNewer: boolean;
  readonly reason: string;
}

/** Writes the header block of a message. @param expected sequence of the last message of the subject; 0 if there is none. */
export function encodeFrameHeaders(
  { owner, frame, kind, first, count, next }: FrameHeaders,
  expected: number,
): MsgHdrs {
  const end = next === undefined ? '' : `Ct-Next: ${next}\r\n`;
  const block = Buffer.from(
    `NATS/1.0\r\n${EXPECTED_LAST_SEQUENCE}: ${expected}\r\nCt-Format: ${FORMAT}\r\nCt-Owner: ${owner}\r\nCt-Frame: ${frame}\r\n` +
      `Ct-Kind: ${kind}\r\nCt-First: ${first}\r\nCt-Count: ${count}\r\n${end}\r\n`,
    'latin1',
  );
  // To publish, the client calls nothing but `encode`, and its own class takes several times the CPU time.
  return { encode: () => block } as unknown as MsgHdrs;
}

/** Reads the headers of a message, which any client with rights on the subject may have written. */
export function decodeFrameHeaders(headers: MsgHdrs | undefined): FrameHeaders | UnreadableHeaders {
  const numberOf = (name: string): number | undefined => {
    const text = headers?.get(name) ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  const format = numberOf('Ct-Format');
  if (format === undefined) return { isNewer: false, reason: 'it has no version' };
  if (format > FORMAT)
    return {
      isNewer: true,
      reason: `it has version ${format}, and this program reads versions up to ${FORMAT}; update it`,
    };
  const [frame, first, count] = ['Ct-Frame', 'Ct-First', 'Ct-Count'].map(numberOf);
  const kind = headers?.get('Ct-Kind') ?? '';
  const owner = headers?.get('Ct-Owner') ?? '';
  if (frame === undefined || first === undefined || count === undefined || !KINDS.has(kind))
    return { isNewer: false, reason: 'its headers are incomplete' };
  return { owner, frame, kind: kind as FrameKind, first, count, next: numberOf('Ct-Next') };
}

/** Returns the index after the last entry of a log, from the headers of its last message of any version. */
export function nextIndexIn(headers: MsgHdrs | undefined): number | undefined {
  const text = headers?.get('Ct-Next') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
