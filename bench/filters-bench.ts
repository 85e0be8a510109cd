/**
 * Measures the index of filters alone: CPU time per entry with different numbers of clients, memory of many terms, and the time
 * that clients take to join and leave. A naive server, which compares every name with the filter of every client, runs in the
 * same rounds.
 *
 *   CT_CORPUS_DIR=... npm run bench:filters -- --rounds 15 --pages 16
 */
import type { EntryBatch } from '../src/certificate/entry-batch.js';
import { CertificateBatch } from '../src/certificate/certificate-batch.js';
import { EntryReader } from '../src/filter/entry-reader.js';
import type { EntryFilter } from '../src/filter/entry-filter.js';
import { FilterIndex } from '../src/filter/filter-index.js';
import { filterFromJson } from '../src/filter/filter-input.js';
import { readArguments } from './support/arguments.js';
import { readBenchInput } from './support/bench-input.js';
import { CertificateStages } from './support/certificate-stages.js';
import { measureInterleaved, type Stage, type StageResult } from './support/interleaved-rounds.js';
import { retainedBytes } from './support/memory-use.js';

const BOUNDS = { terms: 1_000_000, expressions: 1000, bytes: 1e9 };
const SUFFIXES = ['com', 'net', 'org', 'de', 'co.uk', 'io'];
const CLIENTS = 10_000;
const TERMS = 100_000;
/** A naive server is so slow that it gets only this share of the entries. */
const NAIVE_PAGES = 1;

const options = readArguments({ rounds: 15, pages: 8, 'warm-up': 3 });

function domainOf(i: number): string {
  return `watched-${(i * 7919) % 1_000_003}.${SUFFIXES[i % SUFFIXES.length]}`;
}

function domains(count: number, first = 0): EntryFilter[] {
  return Array.from({ length: count }, (_, i) => filterOf({ domain: [domainOf(first + i)] }));
}

/** Expressions as people write them: most with a word, some without. */
function expressions(count: number): EntryFilter[] {
  return Array.from({ length: count }, (_, i) =>
    filterOf({
      regex: [
        i % 10 === 0
          ? `^[a-z]{${12 + (i % 7)}}[0-9]{4,}\\.`
          : `(^|[.-])(login|secure)[.-]?brand${i}[a-z0-9]*[.-]`,
      ],
    }),
  );
}

function brands(count: number): EntryFilter[] {
  return Array.from({ length: count }, (_, i) => filterOf({ similar: [`trademark${i}.com`] }));
}

function keywords(count: number): EntryFilter[] {
  return Array.from({ length: count }, (_, i) => filterOf({ keyword: [`keyword${i}`] }));
}

function filterOf(fields: Record<string, string[]>): EntryFilter {
  return filterFromJson(fields, BOUNDS)!;
}

function indexOf(filters: readonly EntryFilter[]): FilterIndex {
  const index = new FilterIndex();
  for (const filter of filters) index.add(filter);
  while (index.isBusy) index.step();
  return index;
}

/** Returns a stage that matches all batches. */
function stageOf(name: string, filters: readonly EntryFilter[], batches: readonly EntryBatch[]): Stage {
  const index = indexOf(filters);
  let matches = 0;
  return {
    name,
    run: () => {
      let entries = 0;
      for (const batch of batches) {
        index.match(batch, (_, positions) => (matches += positions.length));
        entries += batch.count;
      }
      return entries;
    },
  };
}

/** Reads the names only, which every server with filters must do. */
function namesStage(batches: readonly EntryBatch[]): Stage {
  const reader = new EntryReader();
  return {
    name: 'reading the names',
    run: () => {
      let entries = 0;
      for (const batch of batches) {
        for (let i = 0; i < batch.count; i++) {
          reader.read(batch, i);
          reader.readNames();
        }
        entries += batch.count;
      }
      return entries;
    },
  };
}

function naiveStage(filters: readonly EntryFilter[], batches: readonly CertificateBatch[]): Stage {
  const terms = filters.map(({ terms: { domain } }) => domain![0]);
  let matches = 0;
  return {
    name: `a loop over ${terms.length} clients`,
    run: () => {
      let entries = 0;
      for (const batch of batches) {
        for (const entry of batch) {
          const names = entry.allDomains().map((name) => name.toLowerCase().replace(/^\*\./, ''));
          for (const term of terms)
            if (names.some((name) => name === term || name.endsWith(`.${term}`))) matches++;
          entries++;
        }
      }
      return entries;
    },
  };
}

function measureMatching(batches: readonly EntryBatch[]): void {
  const rendered = batches
    .slice(0, NAIVE_PAGES)
    .map((batch) => new CertificateBatch(batch, new CertificateStages({ ...input, tiles: [] }).renderer));
  for (const batch of rendered) batch.texts('domains');
  const many = domains(CLIENTS);
  const all = [...many, ...expressions(100), ...brands(100)];
  const stages = [
    namesStage(batches),
    stageOf('no client', [], batches),
    stageOf('1 client', domains(1), batches),
    stageOf('100 clients', domains(100), batches),
    stageOf('10,000 clients', many, batches),
    stageOf('10,000 and 100 expressions', [...many, ...expressions(100)], batches),
    stageOf('10,000 and 100 brands', [...many, ...brands(100)], batches),
    stageOf('10,000, 100 expressions, 100 brands', all, batches),
    stageOf('10,000 clients with a keyword', keywords(CLIENTS), batches),
    stageOf(
      '1 client with 100,000 domains',
      [filterOf({ domain: Array.from({ length: TERMS }, (_, i) => domainOf(i)) })],
      batches,
    ),
    naiveStage(many, rendered),
  ];
  const results = measureInterleaved(stages, options.rounds, options['warm-up']);
  printTable(results);
  const [ours, naive] = ['10,000 clients', `a loop over ${CLIENTS} clients`].map((name) =>
    results.find((result) => result.name === name)!,
  );
  console.log(`the loop costs ${Math.round(naive.median / ours.median)} times as much as the index`);
}

function printTable(results: readonly StageResult[]): void {
  console.table(
    Object.fromEntries(
      results.map(({ name, median, lowest, spread }) => [
        name,
        {
          'µs per entry': median.toFixed(2),
          lowest: lowest.toFixed(2),
          spread: `${Math.round(spread * 100)} %`,
        },
      ]),
    ),
  );
}

function measureMemory(): void {
  for (const field of ['domain', 'keyword']) {
    const before = retainedBytes();
    const index = indexOf([filterOf({ [field]: Array.from({ length: TERMS }, (_, i) => domainOf(i)) })]);
    const one = retainedBytes() - before;
    console.log(`memory of 100,000 ${field} terms of one client: ${mega(one)} MB (${index.size} filter)`);
  }
  const before = retainedBytes();
  const index = indexOf(domains(TERMS));
  console.log(
    `memory of 100,000 clients with one domain each: ${mega(retainedBytes() - before)} MB (${index.size} filters)`,
  );
}

function mega(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function measureChanges(): void {
  const index = indexOf(domains(CLIENTS));
  const joining = domains(CLIENTS, CLIENTS);
  const handles = joining.map((filter) => index.add(filter));
  for (const handle of handles) index.remove(handle);
  const again = performance.now();
  const held = joining.map((filter) => index.add(filter));
  const joined = performance.now();
  for (const handle of held) index.remove(handle);
  const left = performance.now();
  console.log(
    `join: ${(((joined - again) / CLIENTS) * 1000).toFixed(1)} µs, leave: ${(((left - joined) / CLIENTS) * 1000).toFixed(1)} µs per client with one domain`,
  );
  const large = filterOf({ domain: Array.from({ length: TERMS }, (_, i) => domainOf(2 * CLIENTS + i)) });
  const before = performance.now();
  const handle = index.add(large);
  const steps = runSteps(index);
  const added = performance.now();
  index.remove(handle);
  const removing = runSteps(index);
  const removed = performance.now();
  console.log(
    `100,000 terms: joined in ${(added - before).toFixed(0)} ms, longest step ${steps.toFixed(1)} ms; left in ${(removed - added).toFixed(0)} ms, longest step ${removing.toFixed(1)} ms`,
  );
}

/** Returns the CPU time of the longest step in milliseconds. */
function runSteps(index: FilterIndex): number {
  let longest = 0;
  while (index.isBusy) {
    const before = process.cpuUsage();
    index.step();
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
  }
  return longest;
}

const input = await readBenchInput(process.env['CT_CORPUS_DIR'], options.pages);
const decoder = new CertificateStages(input);
const pages = input.pages.map((page, i) => decoder.decodePage(page, i * 256));
console.log(`Node ${process.version}; ${input.origin}`);
measureMatching(pages);
measureMemory();
measureChanges();
