import { CertificateBatch } from '../../../certificate/certificate-batch.js';
import { CertificateRenderer } from '../../../certificate/certificate-renderer.js';
import type { EntryBatch } from '../../../certificate/entry-batch.js';
import type { LogProtocol } from '../../../certificate/certificate-message.js';
import { shapesOf } from '../../../certificate/testing/certificate-shapes.js';
import { batchOf, issuersOf } from '../../../certificate/testing/log-entries.js';
import { parseAllTexts } from '../../../certificate/testing/rendered-messages.js';
import { CertstreamError } from '../../../kernel/certstream-error.js';
import { ExtraDataCheck } from '../../../certificate/precertificate/extra-data-check.js';
import { decodeGetEntriesPage } from '../rfc6962/get-entries-page.js';
import { locateEntries } from '../rfc6962/merkle-tree-leaf.js';
import { locateDataTile } from '../static-ct/data-tile.js';

/** Kinds of input: a single certificate, and the answers of a log. */
export const FUZZ_SHAPES = ['certificate', 'page', 'tile'] as const;
export type FuzzShape = (typeof FUZZ_SHAPES)[number];

const renderer = new CertificateRenderer();
const extraData = new ExtraDataCheck();

/**
 * Decodes bytes and writes every text of both dialects.
 * @returns the number of messages; 0 for bytes that were refused with a CertstreamError.
 * @throws an error for every defect: another error than CertstreamError, or a text that is not JSON or not UTF-8.
 */
export function runFuzzTarget(shape: FuzzShape, input: Buffer): number {
  const entries = locate(shape, input);
  if (entries === undefined) return 0;
  if (shape !== 'certificate') extraData.run(entries);
  return parseAllTexts(new CertificateBatch(entries, renderer)).length;
}

function locate(shape: FuzzShape, input: Buffer): EntryBatch | undefined {
  if (shape === 'certificate') return batchOf(shapesOf(input));
  try {
    return shape === 'page' ? locatePage(input) : locateTile(input);
  } catch (error) {
    if (error instanceof CertstreamError) return undefined;
    throw error;
  }
}

function locatePage(body: Buffer): EntryBatch {
  const page = decodeGetEntriesPage(body);
  return locateEntries(page).build(head('rfc6962', page.bytes));
}

/** The first byte is the expected number of leaves. Every issuer is the whole tile. */
function locateTile(input: Buffer): EntryBatch {
  const bytes = input.subarray(1);
  const builder = locateDataTile(bytes, 0, input[0] ?? 0);
  const tile = builder.build(head('tiled', bytes));
  return { ...tile, issuers: issuersOf(tile, () => bytes) };
}

function head(type: LogProtocol, bytes: Buffer) {
  return {
    source: { name: 'Log', url: 'https://log.example', operator: 'Operator', type },
    firstIndex: 0,
    bytes,
    seen: 0,
  };
}
