import { type ByteSource, equalOctets, hashOctets, sourceOf } from './byte-source.js';

/** The hash of a longer key uses samples that are spread over all certificates of a chain. */
const HASHED_WHOLE = 192;
const SAMPLES = 96;

interface Fragment {
  readonly key: ByteSource;
  readonly json: Buffer;
}

/**
 * Caches finished JSON by the bytes from which it was made, bounded in number and size. Instead of an order of use it has
 * two generations: fragments that were not used during a whole generation are dropped. Keys are compared byte by byte.
 * Of two keys with the same hash only the newer one stays, so a collision costs time but never correctness.
 */
export class FragmentCache {
  private young = new Map<number, Fragment>();
  private old = new Map<number, Fragment>();
  private youngBytes = 0;
  hits = 0;
  misses = 0;

  /**
   * @param maxEntries number of fragments per generation
   * @param maxBytes octets of keys and JSON per generation; larger fragments than a sixteenth of this are not cached
   */
  constructor(
    private readonly maxEntries: number,
    private readonly maxBytes: number,
  ) {}

  /** Returns the JSON made from `bytes[start, end)`, if it is cached. */
  find(source: ByteSource, start: number, end: number): Buffer | undefined {
    const hash = hashOf(source, start, end);
    let fragment = this.young.get(hash);
    if (fragment === undefined || !isKey(fragment.key, source, start, end)) {
      fragment = this.old.get(hash);
      if (fragment === undefined || !isKey(fragment.key, source, start, end)) {
        this.misses++;
        return undefined;
      }
      this.keep(hash, fragment);
    }
    this.hits++;
    return fragment.json;
  }

  /** Adds a fragment. The cache takes ownership of `json`. */
  add(source: ByteSource, start: number, end: number, json: Buffer): void {
    if (end - start + json.length > this.maxBytes / 16) return;
    const key = sourceOf(Buffer.allocUnsafeSlow(end - start));
    source.bytes.copy(key.bytes, 0, start, end);
    this.keep(hashOf(source, start, end), { key, json });
  }

  private keep(hash: number, fragment: Fragment): void {
    const size = fragment.key.bytes.length + fragment.json.length;
    if (this.young.size >= this.maxEntries || this.youngBytes + size > this.maxBytes) {
      this.old = this.young;
      this.young = new Map();
      this.youngBytes = 0;
    }
    this.young.set(hash, fragment);
    this.youngBytes += size;
  }
}

/** Returns a hash of the length and all octets of the key; for a long key, of evenly spread samples. */
function hashOf(source: ByteSource, start: number, end: number): number {
  const size = end - start;
  if (size <= HASHED_WHOLE) return hashOctets(0, source, start, end) >>> 2;
  const step = Math.floor(size / SAMPLES);
  let hash = 0x811c9dc5 ^ size;
  for (let i = start; i < end; i += step) hash = Math.imul(hash ^ source.bytes[i], 0x01000193);
  return hash >>> 2;
}

function isKey(key: ByteSource, source: ByteSource, start: number, end: number): boolean {
  const size = end - start;
  if (key.bytes.length !== size) return false;
  if (size <= HASHED_WHOLE) return equalOctets(source, start, end, key, 0);
  return source.bytes.compare(key.bytes, 0, size, start, end) === 0;
}
