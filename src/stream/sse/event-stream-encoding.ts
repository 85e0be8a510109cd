import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { RenderedTexts } from '../../certificate/rendered-texts.js';
import { cursorPrefix } from '../../feed/cursor.js';
import type { EntryJournal } from '../../feed/journal/entry-journal.js';
import type { FrameBatch, FrameEncoding, ServerMessage } from '../encoding/frame-encoding.js';
import type { GapMessage } from '../subscription/stream-events.js';
import type { CursorMessage, LiveMessage } from '../subscription/stream-events.js';

const NEWLINE = 0x0a;
const DATA = Buffer.from('\ndata: ');
const END = Buffer.from('\n\n');
/** Digits of the largest index of an entry in a record. */
const MAX_INDEX = 10;

/** Messages that a client learns a cursor from. */
type Placed = CursorMessage | LiveMessage | GapMessage;

/** Turns messages into the octets of an event stream. */
export interface EventEncoding extends FrameEncoding {
  /** Value of Content-Encoding; undefined for plain text. */
  readonly contentEncoding: 'gzip' | undefined;
  /** Octets before the first event. */
  readonly start: Buffer;
  /** @param text whole lines, such as a comment. */
  encodeText(text: string): Buffer;
}

/**
 * Writes messages as events of an event stream (HTML, 9.2.5). A message of a stream is an event without a name. Its id is the cursor
 * after the entry, so a client that reconnects with it misses nothing and gets nothing twice.
 */
export class EventStreamEncoding implements EventEncoding {
  readonly name = 'event-stream';
  readonly contentEncoding = undefined;
  readonly start = Buffer.alloc(0);

  constructor(private readonly journal: EntryJournal) {}

  encode({ buffer, count, textStart, frameStart }: RenderedTexts, place?: BatchPlace): FrameBatch {
    const id = Buffer.from(place === undefined ? '' : `id: ${cursorPrefix(this.journal)}${place.seq}.`);
    const texts = count === 0 ? 0 : frameStart[count] - textStart[0];
    const events = Buffer.allocUnsafeSlow(texts + count * (id.length + MAX_INDEX + DATA.length + END.length));
    const starts = new Uint32Array(count + 1);
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (place !== undefined) {
        at += id.copy(events, at);
        at += events.write(String(place.offset + i + 1), at, 'latin1');
      }
      at += place === undefined ? DATA.copy(events, at, 1) : DATA.copy(events, at);
      // A JSON text contains no line break, but may end with one.
      const end = buffer[frameStart[i + 1] - 1] === NEWLINE ? frameStart[i + 1] - 1 : frameStart[i + 1];
      at += buffer.copy(events, at, textStart[i], end);
      at += END.copy(events, at);
      starts[i + 1] = at;
    }
    return { buffer: events.subarray(0, at), count, frameStart: starts };
  }

  encodeText(text: string): Buffer {
    return Buffer.from(text);
  }

  /** The event has the name of the type of the message. */
  encodeMessage(message: ServerMessage): Buffer {
    const { message_type: type } = message;
    const id = placeOf(message as Placed);
    const fields = [...(id === undefined ? [] : [`id: ${id}`]), `event: ${type}`];
    return Buffer.from(`${fields.join('\n')}\ndata: ${JSON.stringify(withKnownKeys(message as Placed))}\n\n`);
  }
}

/** Returns the cursor up to which a client has got everything after this message. */
function placeOf(message: Placed): string | undefined {
  switch (message.message_type) {
    case 'live':
    case 'cursor':
      return message.data.cursor;
    case 'gap':
      return message.data.reason === 'expired' ? message.data.cursor : undefined;
    default:
      return undefined;
  }
}

/** Adds the keys of gap messages of certstream-server-rust. */
function withKnownKeys(message: Placed): object {
  if (message.message_type !== 'gap') return message;
  return { ...message, dropped: message.data.messages ?? 0, disconnecting: false };
}

/** Returns an event that a client does not dispatch. It sets the id that the client sends when it reconnects (HTML, 9.2.6). */
export function idEvent(cursor: string): string {
  return `id: ${cursor}\n\n`;
}

/** Returns an event that sets the time after which a client reconnects, in milliseconds. */
export function retryEvent(milliseconds: number): string {
  return `retry: ${milliseconds}\n\n`;
}

/** Returns a comment, which clients ignore. */
export function comment(text: string): string {
  return `: ${text.replaceAll(/[\r\n]+/g, ' ')}\n\n`;
}
