import { type ByteSource, equalOctets, hashOctets, sourceOf } from './byte-source.js';

/** Longer keys are sampled for their hash: every certificate of a chain has its share in it. */
const HASHED_WHOLE = 192;
const SAMPLES = 96;

interface Fragment {
  readonly key: ByteSource;
  readonly json: Buffer;
}

/**
 * Finished JSON by the bytes it was made from, bounded in number and size. Two generations take the place of a
 * use order: what was not asked for during a whole generation is dropped. Keys are compared byte by byte; of two
 * keys with the same hash the newer one stays, so a collision costs time, never correctness.
 */
export class FragmentCache {
  private young = new Map<number, Fragment>();
  private old = new Map<number, Fragment>();
  private youngBytes = 0;
  hits = 0;
  misses = 0;

  /**
   * @param maxEntries fragments per generation
   * @param maxBytes keys and JSON per generation; anything above a sixteenth of it is not kept
   */
  constructor(
    private readonly maxEntries: number,
    private readonly maxBytes: number,
  ) {}

  /** JSON made from `bytes[start, end)`. */
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

  /** @param json owned by the cache from now on. */
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

/** Of the length and of every octet of the key, or of evenly spread samples of a long one. */
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
