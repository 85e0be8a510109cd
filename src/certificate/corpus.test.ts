import { afterAll, describe, expect, it } from 'vitest';
import { CertificateBatch } from './certificate-batch.js';
import { CertificateRenderer } from './certificate-renderer.js';
import { shapesOf } from './testing/certificate-shapes.js';
import { corpusFolders, readBlobs, type CorpusBlob } from './testing/corpus.js';
import { batchOf } from './testing/log-entries.js';
import { parseAllTexts } from './testing/rendered-messages.js';

const corpus = process.env['CT_CORPUS_DIR'];
if (corpus === undefined) console.warn('corpus.test.ts skipped: CT_CORPUS_DIR is not set');

/** Number of blobs of a folder by the result of reading them as leaf certificates. */
interface Counts {
  parsed: number;
  /** Without parse_error but with an extension or a date left out. */
  partly: number;
  /** With parse_error. */
  parseError: number;
}

/** Results of this parser for the corpus. Every change of a number needs an explanation. */
const EXPECTED: Record<string, Counts> = {
  'x509-appmattus': { parsed: 86, partly: 0, parseError: 5 },
  'x509-azul': { parsed: 40, partly: 0, parseError: 2 },
  'x509-boringssl-fuzz': { parsed: 349, partly: 184, parseError: 160 },
  'x509-ct-cpp': { parsed: 80, partly: 1, parseError: 10 },
  'x509-ctgo': { parsed: 303, partly: 2, parseError: 2 },
  'x509-ctlog-roots': { parsed: 1471, partly: 0, parseError: 0 },
  'x509-debian-ca': { parsed: 142, partly: 0, parseError: 0 },
  'x509-limbo': { parsed: 877, partly: 3, parseError: 0 },
  'x509-openssl-fuzz': { parsed: 104, partly: 89, parseError: 656 },
  'x509-zcrypto': { parsed: 296, partly: 1, parseError: 3 },
  'x509-zlint': { parsed: 1305, partly: 2, parseError: 3 },
};

/** One byte becomes at most `\u00XX`, and a name is printed in up to four places. */
const MAX_BYTES_PER_BYTE = 40;
const MAX_FIXED_BYTES = 16_384;

const found = new Map<string, Counts>();
afterAll(() => {
  if (corpus !== undefined) console.table(Object.fromEntries(found));
});

function outcome({ der }: CorpusBlob): keyof Counts {
  const renderer = new CertificateRenderer();
  const entry = { timestamp: 0, submitted: der, chain: Buffer.alloc(0) };
  new CertificateBatch(batchOf([entry]), renderer).texts('lite');
  const { parseErrors, malformedExtensions, impossibleDates } = renderer.stats;
  if (parseErrors.size > 0) return 'parseError';
  return malformedExtensions + impossibleDates > 0 ? 'partly' : 'parsed';
}

describe.skipIf(corpus === undefined)('every blob of the corpus', () => {
  const folders = corpusFolders(corpus);
  const renderer = new CertificateRenderer();

  it.each(folders)('%s: is read as far as possible', (folder) => {
    const counts: Counts = { parsed: 0, partly: 0, parseError: 0 };
    for (const blob of readBlobs(corpus!, folder)) counts[outcome(blob)]++;
    found.set(folder, counts);
    expect(counts).toEqual(EXPECTED[folder]);
  });

  it.each(folders)('%s: throws no error as leaf, precertificate or chain certificate', (folder) => {
    for (const { name, der } of readBlobs(corpus!, folder)) {
      const batch = new CertificateBatch(batchOf(shapesOf(der)), renderer);
      try {
        expect(parseAllTexts(batch)).toHaveLength(batch.count);
      } catch (error) {
        throw new Error(name, { cause: error });
      }
      const size = batch.texts('full').buffer.length;
      expect(size, name).toBeLessThan(batch.count * (MAX_FIXED_BYTES + MAX_BYTES_PER_BYTE * der.length));
    }
  });
});
