/** Longer keys are sampled for their hash: every certificate of a chain has its share in it. */
const HASHED_WHOLE = 192;
const SAMPLES = 96;

interface Fragment {
  readonly key: Buffer;
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
  find(bytes: Buffer, start: number, end: number): Buffer | undefined {
    const hash = hashOf(bytes, start, end);
    let fragment = this.young.get(hash);
    if (fragment === undefined || !isKey(fragment.key, bytes, start, end)) {
      fragment = this.old.get(hash);
      if (fragment === undefined || !isKey(fragment.key, bytes, start, end)) {
        this.misses++;
        return undefined;
      }
      this.keep(hash, fragment);
    }
    this.hits++;
    return fragment.json;
  }

  /** @param json owned by the cache from now on. */
  add(bytes: Buffer, start: number, end: number, json: Buffer): void {
    if (end - start + json.length > this.maxBytes / 16) return;
    const key = Buffer.allocUnsafeSlow(end - start);
    bytes.copy(key, 0, start, end);
    this.keep(hashOf(bytes, start, end), { key, json });
  }

  private keep(hash: number, fragment: Fragment): void {
    const size = fragment.key.length + fragment.json.length;
    if (this.young.size >= this.maxEntries || this.youngBytes + size > this.maxBytes) {
      this.old = this.young;
      this.young = new Map();
      this.youngBytes = 0;
    }
    this.young.set(hash, fragment);
    this.youngBytes += size;
  }
}

/** FNV-1a over the length and the bytes of the key, evenly spread samples of a long one. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  const size = end - start;
  let hash = 0x811c9dc5 ^ size;
  const step = size > HASHED_WHOLE ? Math.floor(size / SAMPLES) : 1;
  for (let i = start; i < end; i += step) {
    hash = Math.imul(hash ^ bytes[i], 0x01000193);
  }
  return hash >>> 2;
}

function isKey(key: Buffer, bytes: Buffer, start: number, end: number): boolean {
  const size = end - start;
  if (key.length !== size) return false;
  if (size > HASHED_WHOLE) return bytes.compare(key, 0, size, start, end) === 0;
  for (let i = 0; i < size; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}
