import { domainToUnicode } from 'node:url';
import { publicSuffixOf, RegistrableDomains } from '../../certificate/registrable-domains.js';
import { type Skeleton, skeletonsOf } from './skeleton.js';

/** From this length on, a skeleton is found anywhere in a label; a shorter one only as a part of the label. */
export const ANYWHERE_LENGTH = 6;
/** Length of the longest name whose public suffix is looked for (RFC 1035, 2.3.4). */
const MAX_NAME = 253;

/** What names are compared with: the registrable domain of a term. */
export interface Brand {
  /** The label before the public suffix. */
  readonly label: string;
  /** The registrable domain with A-labels, and with U-labels if it has any. */
  readonly domains: readonly string[];
}

/**
 * Returns the brand of a term such as `paypal.com`. Of a term with more labels, such as `www.paypal.com`, it is the
 * registrable domain. Returns undefined if the term is a public suffix or no host name, or if its label has only marks.
 */
export function brandOf(term: string): Brand | undefined {
  const domain = new RegistrableDomains().domainOf(term);
  if (domain === null) return undefined;
  const label = domain.slice(0, domain.indexOf('.'));
  if (skeletonsOf(label)[0].length === 0) return undefined;
  return {
    label,
    domains: [...new Set([domain, domainToUnicode(domain)])],
  };
}

/** Returns the greatest distance at which a skeleton is similar to that of a brand with this length. */
export function maxDistance(length: number): number {
  if (length >= 7) return 2;
  return length >= 5 ? 1 : 0;
}

/**
 * Reports whether a name imitates the brand of a term: neither the brand's domain nor below it, and with a label before the
 * public suffix whose skeleton contains that of the brand label or is nearly equal to it, or with two labels in a row that
 * together are the brand label (docs/consumers.md). This is the plain definition that `SimilarMatcher` implements with an
 * index.
 * @param name in lower case without trailing dot
 */
export function isSimilar(term: string, name: string): boolean {
  const known = knownBrand(term);
  if (known === undefined || isBelow(name, known.brand)) return false;
  const brandSkeletons = known.skeletons;
  const labels = name.split('.');
  const skeletons = labels.slice(0, labels.length - suffixLabels(name)).map((label) => skeletonsOf(label));
  return brandSkeletons.some((ofBrand, form) =>
    skeletons.some((ofLabel, i) => {
      if (ofLabel.some((skeleton) => isImitation(ofBrand, skeleton))) return true;
      if (i + 1 === skeletons.length) return false;
      const pair = [ofLabel, skeletons[i + 1]].map((forms) => forms[form] ?? forms[0]);
      return pair.every(({ length }) => length > 0) && pair[0].text() + pair[1].text() === ofBrand.text();
    }),
  );
}

interface KnownBrand {
  readonly brand: Brand;
  readonly skeletons: readonly Skeleton[];
}

/** The brands of the last terms, because programs compare many names with few terms. */
const knownBrands = new Map<string, KnownBrand | undefined>();
const MAX_KNOWN_BRANDS = 1000;

function knownBrand(term: string): KnownBrand | undefined {
  if (knownBrands.has(term)) return knownBrands.get(term);
  if (knownBrands.size >= MAX_KNOWN_BRANDS) knownBrands.clear();
  const brand = brandOf(term);
  const known = brand === undefined ? undefined : { brand, skeletons: skeletonsOf(brand.label) };
  knownBrands.set(term, known);
  return known;
}

/** Returns the number of labels of the public suffix; all labels if the name is an IP address. */
export function suffixLabels(name: string): number {
  const tail = name.length <= MAX_NAME ? name : name.slice(name.indexOf('.', name.length - MAX_NAME) + 1);
  const suffix = publicSuffixOf(tail);
  return suffix === '' ? Infinity : suffix.split('.').length;
}

function isBelow(name: string, { domains }: Brand): boolean {
  return domains.some((domain) => name === domain || name.endsWith(`.${domain}`));
}

function isImitation(brand: Skeleton, label: Skeleton): boolean {
  for (let at = 0; at + brand.length <= label.length; at++) if (isContained(brand, label, at)) return true;
  return distanceWithin(brand, label, maxDistance(brand.length));
}

/**
 * Reports whether the brand's skeleton is in the label's skeleton at this position: anywhere if it is long enough,
 * otherwise between hyphens, digits and the bounds of the label.
 */
export function isContained(brand: Skeleton, label: Skeleton, at: number): boolean {
  const end = at + brand.length;
  if (brand.length < ANYWHERE_LENGTH) {
    if (at > 0 && label.dividers[at - 1] === 0) return false;
    if (end < label.length && label.dividers[end] === 0) return false;
  }
  for (let i = 0; i < brand.length; i++) if (brand.units[i] !== label.units[at + i]) return false;
  return true;
}

/** Reports whether the Damerau–Levenshtein distance of two skeletons is at most `max`. */
export function distanceWithin(a: Skeleton, b: Skeleton, max: number): boolean {
  if (max === 0 || Math.abs(a.length - b.length) > max) return false;
  return distance(a, b) <= max;
}

/** Returns the smallest number of insertions, omissions, replacements and transpositions that make `a` equal to `b`. */
function distance(a: Skeleton, b: Skeleton): number {
  const width = b.length + 2;
  const far = a.length + b.length;
  const table = new Uint16Array((a.length + 2) * width).fill(far);
  for (let i = 0; i <= a.length; i++) table[(i + 1) * width + 1] = i;
  for (let j = 0; j <= b.length; j++) table[width + j + 1] = j;
  const lastRow = new Map<number, number>();
  for (let i = 1; i <= a.length; i++) {
    let lastColumn = 0;
    for (let j = 1; j <= b.length; j++) {
      const row = lastRow.get(b.units[j - 1]) ?? 0;
      const column = lastColumn;
      const isEqual = a.units[i - 1] === b.units[j - 1];
      if (isEqual) lastColumn = j;
      table[(i + 1) * width + j + 1] = Math.min(
        table[i * width + j] + (isEqual ? 0 : 1),
        table[(i + 1) * width + j] + 1,
        table[i * width + j + 1] + 1,
        table[row * width + column] + (i - row - 1) + 1 + (j - column - 1),
      );
    }
    lastRow.set(a.units[i - 1], i);
  }
  return table[(a.length + 1) * width + b.length + 1];
}
