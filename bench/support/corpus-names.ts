import { CertificateBatch } from '../../src/certificate/certificate-batch.js';
import { CertificateRenderer } from '../../src/certificate/certificate-renderer.js';
import type { EntryBatch } from '../../src/certificate/entry-batch.js';
import { readBenchInput } from './bench-input.js';
import { CertificateStages } from './certificate-stages.js';

/** Names of certificates in the form in which filters compare them: in lower case, without trailing dot. */
export interface CorpusNames {
  /** Description of the origin, which is printed. */
  readonly origin: string;
  /** The names of each entry, in the order of the log. */
  readonly entries: readonly (readonly string[])[];
}

/**
 * Returns the names of the real entries of the corpus, each entry once.
 * @param corpus value of `CT_CORPUS_DIR`; without it the simulator issues the certificates
 */
export async function readCorpusNames(corpus: string | undefined): Promise<CorpusNames> {
  // The pages of the corpus repeat few rows in many variants, so one page has them all.
  const input = await readBenchInput(corpus, 1);
  const stages = new CertificateStages(input);
  const batches = [
    ...input.tiles.map((tile) => stages.decodeTile(tile)),
    ...input.pages.map((page) => stages.decodePage(page)),
  ];
  const renderer = new CertificateRenderer();
  const lists = batches.flatMap((batch) => nameLists(batch, renderer));
  const entries = [...new Map(lists.map((names) => [names.join(' '), names])).values()];
  const count = entries.reduce((sum, names) => sum + names.length, 0);
  const unique = new Set(entries.flat()).size;
  const origin = corpus === undefined ? 'names of issued certificates' : 'real names of the corpus';
  return { origin: `${count} ${origin} (${unique} different) in ${entries.length} entries`, entries };
}

function nameLists(batch: EntryBatch, renderer: CertificateRenderer): string[][] {
  const { buffer, textStart, frameStart } = new CertificateBatch(batch, renderer).texts('domains');
  return Array.from({ length: batch.count }, (_, i) => {
    const { data } = JSON.parse(buffer.toString('utf8', textStart[i], frameStart[i + 1])) as {
      data: string[];
    };
    return data.map((name) => name.toLowerCase().replace(/\.$/, ''));
  });
}
