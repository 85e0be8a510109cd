/** Octets that are read one by one or in words. */
export interface ByteSource {
  readonly bytes: Buffer;
  /** The same octets as {@link bytes}. */
  readonly view: DataView;
}

const STEP = 4;

export function sourceOf(bytes: Buffer): ByteSource {
  return { bytes, view: viewOf(bytes) };
}

export function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Reports whether `bytes[start, end)` equals the octets of `other` from `at` on. `other` must be long enough. */
export function equalOctets(
  { bytes, view }: ByteSource,
  start: number,
  end: number,
  other: ByteSource,
  at: number,
): boolean {
  let i = start;
  for (const last = end - STEP; i <= last; i += STEP) {
    if (view.getInt32(i, true) !== other.view.getInt32(at, true)) return false;
    at += STEP;
  }
  for (; i < end; i++) if (bytes[i] !== other.bytes[at++]) return false;
  return true;
}

/**
 * Returns a 32-bit hash of all octets of `bytes[start, end)`. Every octet counts, because the URLs of a CA's distribution
 * points differ in one or two digits. Collisions are easy to construct, so the caller must bound their cost.
 */
export function hashOctets(seed: number, { bytes, view }: ByteSource, start: number, end: number): number {
  let hash = seed ^ ((end - start) << 8);
  let i = start;
  for (const last = end - STEP; i <= last; i += STEP) hash = mix(hash, view.getInt32(i, true));
  for (; i < end; i++) hash = mix(hash, bytes[i]);
  return hash;
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 15);
}
