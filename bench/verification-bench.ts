/**
 * Measures the cost of proving an entry: its leaf hash, its share of the tree, and the check of its chain and precertificate. It
 * compares this with one plain SHA-256 of the same leaf in the same rounds, which is the lower bound of any proof.
 *
 *   CT_CORPUS_DIR=... npm run bench:verification -- --rounds 25 --pages 16
 */
import { ENTRY_COLUMNS, EntryColumn, type EntryBatch } from '../src/certificate/entry-batch.js';
import { digest } from '../src/certificate/fingerprint.js';
import { ExtraDataCheck } from '../src/certificate/precertificate/extra-data-check.js';
import { CompactRange } from '../src/ct-log/client/merkle/compact-range.js';
import { leafHashes } from '../src/ct-log/client/merkle/leaf-hashes.js';
import { leafHash, nodeHash } from '../src/ct-log/client/merkle/tree-hash.js';
import { readArguments } from './support/arguments.js';
import { readBenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { measureInterleaved, type Stage } from './support/interleaved-rounds.js';

const TARGET_MICROSECONDS = 10;
const WHOLE = 'verify a page';
const PLAIN = 'SHA-256 of the leaf alone';
/** An index in a large log, so that the range has a realistic number of hashes. */
const BEGIN = 2_810_000_000;

const options = readArguments({ rounds: 25, pages: 16, 'warm-up': 5 });

async function main(): Promise<void> {
  const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
  console.log(`Node ${process.version}; ${input.origin}`);
  const stages = new CertificateStages(input);
  const pages = input.pages.map((page) => stages.decodePage(page));
  const tiles = input.tiles.map((tile) => stages.decodeTile(tile));
  checkHashes(pages[0]);
  checkRoot(pages[0]);
  const leaves = pages.map(leavesOf);
  const range = largeRange();
  const extraData = new ExtraDataCheck();
  const verify = (batch: EntryBatch): void => {
    extraData.run(batch);
    range.append(leafHashes(batch));
  };
  checkExtraData(extraData, pages);
  const results = measureInterleaved(
    [
      perEntry(PLAIN, leaves, (page) => page.forEach((leaf) => digest('sha256', leaf))),
      perBatch('leaf hashes', pages, (page) => leafHashes(page)),
      perBatch('extra data of a page', pages, (page) => extraData.run(page)),
      perBatch('extra data of a tile', tiles, (tile) => extraData.run(tile)),
      perBatch(WHOLE, pages, verify),
      perBatch('verify a tile', tiles, verify),
      { name: 'root at a signed size', run: () => (range.root(), 1) },
    ],
    options.rounds,
    options['warm-up'],
  );
  console.log('CPU µs per entry             median   lowest   spread');
  for (const { name, median, lowest, spread } of results) {
    const columns = [median.toFixed(2), lowest.toFixed(2), `±${(spread * 100).toFixed(0)} %`];
    console.log(name.padEnd(26) + columns.map((column) => column.padStart(9)).join(''));
  }
  const of = (name: string): number => results.find((result) => result.name === name)!.median;
  const verdict = of(WHOLE) <= TARGET_MICROSECONDS ? 'reached' : 'missed (or the machine is busy)';
  console.log(`\n${WHOLE}: ${of(WHOLE).toFixed(1)} µs per entry, target ${TARGET_MICROSECONDS}: ${verdict}`);
  console.log(`${(of(WHOLE) / of(PLAIN)).toFixed(1)} times a plain SHA-256 of the leaf`);
}

function leavesOf({ bytes, table, count }: EntryBatch): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const row = i * ENTRY_COLUMNS;
    return bytes.subarray(
      table[row + EntryColumn.TimestampedEntryStart] - 2,
      table[row + EntryColumn.TimestampedEntryEnd],
    );
  });
}

function checkHashes(page: EntryBatch): void {
  const expected = Buffer.concat(leavesOf(page).map(leafHash));
  if (!leafHashes(page).equals(expected)) throw new Error('leaf hashes are wrong');
}

/** Compares the root of one page with the definition (RFC 6962, 2.1). */
function checkRoot(page: EntryBatch): void {
  const hashes = leavesOf(page).map(leafHash);
  const mth = (from: number, to: number): Buffer => {
    if (to - from === 1) return hashes[from];
    let k = 1;
    while (2 * k < to - from) k *= 2;
    return nodeHash(mth(from, from + k), mth(from + k, to));
  };
  const range = new CompactRange();
  range.append(leafHashes(page));
  if (!range.root().equals(mth(0, hashes.length))) throw new Error('the root is wrong');
}

/** Checks that honest pages pass. Tiles cannot be checked, because some of their issuers are replaced. */
function checkExtraData(extraData: ExtraDataCheck, pages: readonly EntryBatch[]): void {
  if (pages.some((page) => extraData.run(page).length > 0))
    throw new Error('the check rejects honest entries');
}

function largeRange(): CompactRange {
  const hashes: Buffer[] = [];
  for (let rest = BEGIN; rest > 0; rest = Math.floor(rest / 2))
    if (rest % 2) hashes.push(Buffer.alloc(32, 1));
  return CompactRange.of(BEGIN, hashes);
}

function perBatch(name: string, batches: readonly EntryBatch[], work: (batch: EntryBatch) => void): Stage {
  return {
    name,
    run: () => {
      for (const batch of batches) work(batch);
      return batches.reduce((sum, { count }) => sum + count, 0);
    },
  };
}

function perEntry(name: string, pages: readonly Buffer[][], work: (page: Buffer[]) => void): Stage {
  return {
    name,
    run: () => {
      for (const page of pages) work(page);
      return pages.reduce((sum, { length }) => sum + length, 0);
    },
  };
}

await main();
