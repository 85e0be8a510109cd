import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One X.509 blob of the corpus: ordinary, odd or malformed. */
export interface CorpusBlob {
  /** `folder name#line`, which identifies the blob. */
  readonly name: string;
  readonly der: Buffer;
}

/** Returns the sorted `x509-*` folders of the corpus; none without a corpus. */
export function corpusFolders(corpus: string | undefined): string[] {
  if (corpus === undefined) return [];
  return readdirSync(corpus)
    .filter((folder) => folder.startsWith('x509-'))
    .sort();
}

export function readBlobs(corpus: string, folder: string): CorpusBlob[] {
  const lines = readFileSync(join(corpus, folder, 'certs.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line, i) => {
    const { name, der_b64: der } = JSON.parse(line) as { name: string; der_b64: string };
    return { name: `${folder} ${name}#${i}`, der: Buffer.from(der, 'base64') };
  });
}
