import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CertificateFields } from '../../src/certificate/certificate-fields.js';
import { jsonEntry, SubmissionContent } from '../../src/simulator/log/entry-content.js';
import { CertificateIssuer } from '../../src/simulator/pki/certificate-issuer.js';
import { fingerprint } from '../../src/simulator/log/log-entry.js';
import { CertificatePool } from '../../src/simulator/pki/certificate-pool.js';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';

export const PAGE_ENTRIES = 256;

/** Input of the benchmarks: get-entries responses and data tiles with 256 entries each. */
export interface BenchInput {
  /** Description of the origin of the input, which is printed. */
  readonly origin: string;
  readonly pages: readonly Buffer[];
  readonly tiles: readonly { readonly bytes: Buffer; readonly firstIndex: number }[];
  /** Returns the DER for a hexadecimal SHA-256. Issuers that the corpus lacks are replaced by other certificates. */
  readonly issuers: (fingerprint: string) => Buffer | undefined;
}

export interface RawEntry {
  readonly leafInput: Buffer;
  readonly extraData: Buffer;
}

/** Offset of the last octet of LogEntryType in a MerkleTreeLeaf (RFC 6962, 3.4). */
const ENTRY_TYPE = 11;
const X509_CERTIFICATE = 15;
const PRECERT_TBS = 47;

/** @param corpus value of `CT_CORPUS_DIR`; without it the simulator issues the certificates */
export async function readBenchInput(corpus: string | undefined, pages: number): Promise<BenchInput> {
  return corpus === undefined ? issuedInput(pages) : corpusInput(corpus, pages);
}

/** Returns `count` variants of the real get-entries rows of the corpus. */
export function corpusVariants(corpus: string, count: number): RawEntry[] {
  const originals = corpusEntries(corpus);
  const random = new SeededRandom(2026);
  return Array.from({ length: count }, (_, i) => variant(originals[i % originals.length], random));
}

function corpusInput(corpus: string, pageCount: number): BenchInput {
  const originals = corpusEntries(corpus);
  const random = new SeededRandom(2026);
  const pages = Array.from({ length: pageCount }, (_, page) =>
    pageOf(
      Array.from({ length: PAGE_ENTRIES }, (_unused, i) =>
        variant(originals[(page * PAGE_ENTRIES + i) % originals.length], random),
      ),
    ),
  );
  const folder = join(corpus, 'static-ct/navigli2025h2');
  const data = join(folder, 'tile/data');
  const tiles = readdirSync(data)
    .filter((name) => /^\d{3}$/.test(name))
    .map((name) => ({ bytes: readFileSync(join(data, name)), firstIndex: Number(name) * PAGE_ENTRIES }));
  return {
    origin: `${originals.length} real get-entries rows in ${pageCount * PAGE_ENTRIES} variants (serials, keys and signatures changed), ${tiles.length} real data tiles`,
    pages,
    tiles,
    issuers: corpusIssuers(join(folder, 'issuer'), originals),
  };
}

/** Returns the rows that logs served in 2026, which are like the current content of logs. */
function corpusEntries(corpus: string): RawEntry[] {
  const rows = readFileSync(join(corpus, 'rfc6962-entries/entries.jsonl'), 'utf8').trim().split('\n');
  const golden = join(dirname(corpus), 'golden');
  const inputs = existsSync(golden)
    ? readdirSync(golden)
        .filter((file) => file.endsWith('.input.json'))
        .map((file) => readFileSync(join(golden, file), 'utf8'))
    : [];
  const known = new Set<string>();
  const entries: RawEntry[] = [];
  for (const line of [...rows, ...inputs]) {
    const row = JSON.parse(line) as { leaf_input?: string; extra_data?: string; iso?: string };
    if (row.leaf_input === undefined || known.has(row.leaf_input)) continue;
    if (row.iso !== undefined && row.iso < '2026') continue;
    known.add(row.leaf_input);
    entries.push({
      leafInput: Buffer.from(row.leaf_input, 'base64'),
      extraData: Buffer.from(row.extra_data ?? '', 'base64'),
    });
  }
  return entries;
}

function corpusIssuers(folder: string, originals: readonly RawEntry[]): BenchInput['issuers'] {
  const present = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const standIns = originals.map(({ leafInput, extraData }) => {
    // The precertificate, or the first certificate of the chain (RFC 6962, 4.6).
    const start = leafInput[ENTRY_TYPE] === 1 ? 3 : 6;
    return extraData.subarray(start, start + extraData.readUIntBE(start - 3, 3));
  });
  return (sha256) => present.get(sha256) ?? standIns[parseInt(sha256.slice(0, 4), 16) % standIns.length];
}

/** Returns the entry with another timestamp, serial number and signature, like another certificate of the same CA. */
function variant({ leafInput, extraData }: RawEntry, random: SeededRandom): RawEntry {
  const leaf = Buffer.from(leafInput);
  const extra = Buffer.from(extraData);
  const precert = leaf[ENTRY_TYPE] === 1;
  leaf.writeUIntBE(leaf.readUIntBE(4, 6) + Math.floor(random.next() * 1000), 4, 6);
  const start = precert ? PRECERT_TBS : X509_CERTIFICATE;
  const end = start + leaf.readUIntBE(start - 3, 3);
  const serial = Array.from({ length: 6 }, () => Math.floor(random.next() * 256));
  varyCertificate(leaf, start, end, precert, serial);
  if (precert) varyCertificate(extra, 3, 3 + extra.readUIntBE(0, 3), false, serial);
  return { leafInput: leaf, extraData: extra };
}

function varyCertificate(bytes: Buffer, start: number, end: number, tbs: boolean, values: number[]): void {
  const fields = new CertificateFields();
  if (tbs) fields.readTbsCertificate(bytes, start, end);
  else fields.readCertificate(bytes, start, end);
  values.forEach((value, i) => {
    bytes[fields.serialEnd - 1 - i] = value;
    if (!tbs) bytes[end - 1 - i] = value;
  });
}

async function issuedInput(pageCount: number): Promise<BenchInput> {
  const issuer = await CertificateIssuer.create({ notBefore: Date.UTC(2026, 0, 1) });
  const pool = new CertificatePool(issuer, PAGE_ENTRIES * 4).prefill();
  const firstTimestamp = Date.UTC(2026, 0, 2);
  const issuers = new Map<string, Buffer>();
  const pages: Buffer[] = [];
  const tiles: { bytes: Buffer; firstIndex: number }[] = [];
  for (let page = 0; page < pageCount; page++) {
    const firstIndex = page * PAGE_ENTRIES;
    const submissions = Array.from({ length: PAGE_ENTRIES }, () => pool.next());
    const rows = submissions.map((submission, i) => {
      for (const der of submission.chain) issuers.set(fingerprint(der).toString('hex'), der);
      const content = new SubmissionContent(submission, false);
      return {
        leafInput: content.leafInput(firstIndex + i, firstTimestamp + i),
        extraData: content.extraData,
      };
    });
    pages.push(pageOf(rows));
    const leaves = submissions.map((submission, i) =>
      new SubmissionContent(submission, true).tileLeaf(firstIndex + i, firstTimestamp + i),
    );
    if (page < 4) tiles.push({ bytes: Buffer.concat(leaves), firstIndex });
  }
  return {
    origin: 'CT_CORPUS_DIR is not set: certificates issued by the simulator, simpler than real ones',
    pages,
    tiles,
    issuers: (name) => issuers.get(name),
  };
}

function pageOf(entries: readonly RawEntry[]): Buffer {
  const texts = entries.map(({ leafInput, extraData }) => jsonEntry(leafInput, extraData).toString('latin1'));
  return Buffer.from(`{"entries":[${texts.join(',')}]}`, 'latin1');
}
