import type { JsMsg } from '@nats-io/jetstream';
import { decodeEntryBatch } from '../../../certificate/entry-batch-codec.js';
import { messageOf } from '../../../kernel/certstream-error.js';
import type { ProblemLog } from '../../../logging/problem-log.js';
import { NANOSECONDS_PER_MS } from '../../../nats/jetstream-api.js';
import type { UnavailableEntries } from '../entry-journal.js';
import { decodeFrameHeaders } from './frame-headers.js';
import { ringBytes, type RingItem } from './frame-ring.js';
import type { StreamStats } from './stream-stats.js';

/** A message of the stream, decoded. */
export interface StreamMessage extends RingItem {
  /** The process that published it; undefined for a message that cannot be read. */
  readonly owner: string | undefined;
  readonly unavailable: UnavailableEntries | undefined;
}

/** Decodes messages of the stream. One that cannot be read is counted, and reported once. */
export class MessageDecoder {
  constructor(
    private readonly stream: string,
    private readonly stats: StreamStats,
    private readonly problems: ProblemLog,
  ) {}

  decode(message: JsMsg): StreamMessage {
    const { seq } = message;
    const time = message.info.timestampNanos / NANOSECONDS_PER_MS;
    const data = message.data;
    const headers = decodeFrameHeaders(message.headers);
    const common = { seq, time, record: undefined, unavailable: undefined };
    if (!('owner' in headers))
      return this.unreadable(common, headers.isNewer ? 'newer' : 'headers', headers.reason);
    const { owner, kind, first, count } = headers;
    try {
      const batch = decodeEntryBatch(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      const bytes = ringBytes(data.length, batch);
      if (batch.firstIndex !== first) throw new Error('its headers do not belong to its entries');
      if (kind === 'unavailable') {
        const unavailable = { source: batch.source, from: first, to: first + count };
        return { ...common, owner, bytes, isUnreadable: false, unavailable };
      }
      if (batch.count !== count || count === 0) throw new Error('its headers do not belong to its entries');
      return { ...common, owner, bytes, isUnreadable: false, record: { seq, kind, batch } };
    } catch (error) {
      return this.unreadable(common, 'frame', messageOf(error));
    }
  }

  private unreadable(
    common: Pick<StreamMessage, 'seq' | 'time' | 'record' | 'unavailable'>,
    problem: string,
    reason: string,
  ): StreamMessage {
    this.stats.unreadableRecords++;
    this.problems.report(
      `unreadable-${problem}`,
      `record ${common.seq} of the stream ${this.stream} cannot be read: ${reason}`,
    );
    return { ...common, owner: undefined, bytes: 0, isUnreadable: true };
  }
}
