/**
 * Measures the cost of `similar` per name for 1, 10 and 1,000 brands, and counts which real names ten brands report. The timed
 * names are variants of the real names with other letters, because a
 * stream seldom repeats a domain; labels that several domains have, such as `www`, stay as they are.
 *
 *   CT_CORPUS_DIR=... npm run bench:similar -- --rounds 25
 */
import { publicSuffixOf, RegistrableDomains } from '../src/certificate/registrable-domains.js';
import { SeededRandom } from '../src/simulator/pki/seeded-random.js';
import { SimilarMatcher } from '../src/filter/similar/similar-matcher.js';
import { readArguments } from './support/arguments.js';
import { readCorpusNames } from './support/corpus-names.js';
import { measureInterleaved, ratioByRounds, type Stage } from './support/interleaved-rounds.js';
import { type PackedNames, packNames } from './support/packed-names.js';

const TARGET_MICROSECONDS = 1;
const NAMES = 50_000;
const TEN_BRANDS = [
  'paypal.com',
  'amazon.com',
  'google.com',
  'apple.com',
  'microsoft.com',
  'facebook.com',
  'netflix.com',
  'coinbase.com',
  'wellsfargo.com',
  'linkedin.com',
];
const SYLLABLES = [
  'ba',
  'co',
  'de',
  'fi',
  'gu',
  'ka',
  'lo',
  'mi',
  'nu',
  'pe',
  'ri',
  'sa',
  'to',
  'vu',
  'xe',
  'zy',
  'st',
  'ng',
] as const;

const options = readArguments({ rounds: 25, 'warm-up': 5 });

async function main(): Promise<void> {
  const { origin, entries } = await readCorpusNames(process.env['CT_CORPUS_DIR']);
  console.log(`Node ${process.version}; ${origin}`);
  const real = entries.flat();
  const timed = packNames(variants(real, new SeededRandom(2026)));
  const length = timed.octets.length / (timed.starts.length - 1);
  console.log(`${length.toFixed(1)} octets per name`);
  const brands = [1, 10, 1000].map((count) => manyBrands(count, new SeededRandom(count)));
  const results = measureInterleaved(
    [readingStage(timed), ...brands.map((terms) => matchingStage(`${terms.length} brands`, terms, timed))],
    options.rounds,
    options['warm-up'],
  );
  console.log('CPU µs per name'.padEnd(28), 'median', 'lowest', 'ratio to reading each octet');
  for (const result of results) {
    const numbers = [result.median, result.lowest].map((value) => value.toFixed(3).padStart(6));
    console.log(result.name.padEnd(28), ...numbers, ratioByRounds(result, results[0]).median.toFixed(1));
  }
  const worst = results.at(-1)!.median;
  const verdict = worst <= TARGET_MICROSECONDS ? 'reached' : 'missed (or the machine is busy)';
  console.log(`1,000 brands: ${worst.toFixed(3)} µs per name, target ${TARGET_MICROSECONDS}: ${verdict}\n`);
  printReports(real);
}

function readingStage({ octets, starts }: PackedNames): Stage {
  let sum = 0;
  return {
    name: 'read each octet',
    run: () => {
      for (let i = 0; i + 1 < starts.length; i++)
        for (let at = starts[i]; at < starts[i + 1]; at++) sum = (sum + octets[at]) | 0;
      return starts.length - 1;
    },
  };
}

function matchingStage(name: string, terms: readonly string[], { octets, starts }: PackedNames): Stage {
  const matcher = new SimilarMatcher();
  for (const term of terms) matcher.add(term);
  const found = (): void => {};
  return {
    name,
    run: () => {
      for (let i = 0; i + 1 < starts.length; i++)
        matcher.match(octets, starts[i], starts[i + 1], true, found);
      return starts.length - 1;
    },
  };
}

/** Prints the real names that ten brands report, by brand. */
function printReports(names: readonly string[]): void {
  const unique = [...new Set(names)];
  const matcher = new SimilarMatcher();
  const byId = new Map(TEN_BRANDS.map((brand) => [matcher.add(brand), { brand, names: [] as string[] }]));
  const reported = new Set<string>();
  for (const name of unique) {
    const octets = Buffer.from(name);
    matcher.match(octets, 0, octets.length, octets.length === name.length, (id) => {
      byId.get(id)!.names.push(name);
      reported.add(name);
    });
  }
  const perMillion = Math.round((reported.size / unique.length) * 1e6);
  console.log(
    `ten brands report ${reported.size} of ${unique.length} real names, ${perMillion} per million:`,
  );
  for (const { brand, names: found } of byId.values())
    console.log(`  ${brand.padEnd(16)} ${found.length}  ${found.slice(0, 8).join(' ')}`);
}

/**
 * Returns the names in their order, again and again, each time with other letters: equal labels stay equal, and labels below more
 * than one domain stay unchanged.
 */
function variants(names: readonly string[], random: SeededRandom): string[] {
  const shared = sharedLabels(names);
  return Array.from({ length: Math.ceil(NAMES / names.length) }).flatMap(() => {
    const letters = shuffled('abcdefghijklmnopqrstuvwxyz', random);
    const other = (label: string): string =>
      shared.has(label)
        ? label
        : label.replaceAll(/[a-z]/g, (letter) => letters[letter.charCodeAt(0) - 0x61]);
    return names.map((name) => name.split('.').map(other).join('.'));
  });
}

/** Returns the labels that are in the names of more than one registrable domain, and those of public suffixes. */
function sharedLabels(names: readonly string[]): Set<string> {
  const domains = new RegistrableDomains();
  const owners = new Map<string, string>();
  const shared = new Set<string>();
  for (const name of names) {
    const domain = domains.domainOf(name) ?? '';
    for (const label of name.split('.')) {
      if ((owners.get(label) ?? domain) !== domain) shared.add(label);
      owners.set(label, domain);
    }
    for (const label of publicSuffixOf(name).split('.')) shared.add(label);
  }
  return shared;
}

function shuffled(text: string, random: SeededRandom): string[] {
  return Array.from(text, (letter) => ({ letter, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ letter }) => letter);
}

function manyBrands(count: number, random: SeededRandom): string[] {
  const brands = new Set(TEN_BRANDS.slice(0, count));
  while (brands.size < count)
    brands.add(`${Array.from({ length: 2 + random.below(4) }, () => random.pick(SYLLABLES)).join('')}.com`);
  return [...brands];
}

await main();
