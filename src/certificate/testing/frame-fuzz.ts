import { crc32 } from 'node:zlib';
import { pageJson } from '../../../test/support/ct-log-bytes.js';
import { CertificateBatch } from '../certificate-batch.js';
import { CertificateRenderer } from '../certificate-renderer.js';
import { sliceEntryBatch } from '../entry-batch-builder.js';
import { decodeEntryBatch, encodeEntryBatch, EntryBatchFormatError } from '../entry-batch-codec.js';
import type { EntryBatch } from '../entry-batch.js';
import { NO_ISSUERS } from '../issuer-map.js';
import {
  batchOfPage,
  CA,
  delegatedEntry,
  precertEntry,
  tileBatch,
} from '../precertificate/testing/precertificate-samples.js';
import { mutateBytes } from './der-mutator.js';
import { certificate } from './der-builder.js';
import { parseAllTexts } from './rendered-messages.js';
import type { SeededNumbers } from './seeded-numbers.js';

const entries = [
  precertEntry(),
  { certificate: certificate(), chain: [CA] },
  delegatedEntry(),
  precertEntry({ timestamp: 1 }),
];
const SOURCE = {
  name: 'A löng "name"',
  url: 'https://log.example/2026',
  operator: '',
  type: 'rfc6962',
  logId: 'aGFzaCBvZiB0aGUga2V5IG9mIGEgbG9nLCAzMiBiLiE=',
} as const;

/** Pages and data tiles, damaged entries, slices, a tile of an RFC 6962 log, a tile without issuers, and no entries. */
export const SAMPLE_BATCHES: Readonly<Record<string, EntryBatch>> = {
  'a page': { ...batchOfPage(pageJson(entries), 2 ** 40), source: SOURCE, seen: 1_767_225_600_123.5 },
  'the end of a page': sliceEntryBatch(batchOfPage(pageJson(entries)), 2, 4),
  'a page of damaged entries': batchOfPage(
    JSON.stringify({
      entries: ['', 'AA==', 'AAA=', 'AAAA', Buffer.alloc(40, 1).toString('base64')].flatMap((leaf) =>
        ['', 'AAAA', 'AAAEAAAB'].map((extra) => ({ leaf_input: leaf, extra_data: extra })),
      ),
    }),
  ),
  'a data tile': tileBatch(entries),
  'the end of a data tile': sliceEntryBatch(tileBatch(entries), 2, 4),
  'a data tile of an RFC 6962 log': { ...tileBatch(entries), source: SOURCE },
  'a data tile without issuers': { ...tileBatch(entries), issuers: NO_ISSUERS },
  'no entries': sliceEntryBatch(tileBatch(entries), 4, 4),
};

const NUMBERS = [0, 1, 2, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** Changes octets regardless of their meaning, or whole numbers of head and table. */
export function mutateFrame(frame: Buffer, random: SeededNumbers): Buffer {
  if (random.below(2) === 0) return mutateBytes(frame, random);
  const copy = Buffer.from(frame);
  for (let changes = random.below(3); changes >= 0; changes--) {
    const at = 4 * random.below(Math.min(copy.length >> 2, 64));
    const near = (copy.readUInt32LE(at) + random.below(9) - 4) >>> 0;
    copy.writeUInt32LE(random.below(2) === 0 ? near : random.pick(NUMBERS), at);
  }
  return copy;
}

/** Corrects length and checksum of a mutated frame, so that the decoder does not refuse it because of them. */
export function resealed(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  if (copy.length < 12) return copy;
  copy.writeUInt32LE(copy.length, 8);
  copy.writeUInt32LE(crc32(copy.subarray(8)), 4);
  return copy;
}

const renderer = new CertificateRenderer();

/**
 * Decodes octets, renders every text and encodes the batch again.
 * @returns the frame of the batch; undefined if the octets were refused with an EntryBatchFormatError.
 * @throws any other error, which is a defect.
 */
export function runFrameTarget(bytes: Buffer): Buffer | undefined {
  let batch: EntryBatch;
  try {
    batch = decodeEntryBatch(bytes);
  } catch (error) {
    if (error instanceof EntryBatchFormatError) return undefined;
    throw error;
  }
  parseAllTexts(new CertificateBatch(batch, renderer));
  return encodeEntryBatch(batch);
}
