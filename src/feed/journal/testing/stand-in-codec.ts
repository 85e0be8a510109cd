import type { EntryBatch } from '../../../certificate/entry-batch.js';
import { batchOf } from '../../../certificate/testing/log-entries.js';
import type { JournalCodec } from '../disk/segment.js';

export const standInCodec: JournalCodec = {
  encode: ({ source, firstIndex, count, bytes }: EntryBatch) => {
    const head = Buffer.from(JSON.stringify({ url: source.url, firstIndex, count }).padEnd(100));
    return Buffer.concat([head, bytes]);
  },
  decode: (payload) => {
    const head = JSON.parse(payload.toString('latin1', 0, 100)) as {
      url: string;
      firstIndex: number;
      count: number;
    };
    const size = (payload.length - 100) / head.count;
    const entries = Array.from({ length: head.count }, (_, i) => ({
      timestamp: head.firstIndex + i,
      submitted: payload.subarray(100 + i * size, 100 + (i + 1) * size),
      chain: Buffer.alloc(0),
    }));
    return batchOf(entries, head);
  },
};
