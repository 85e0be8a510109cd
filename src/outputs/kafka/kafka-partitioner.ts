const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** Returns the partition that Kafka's own producer chooses for a key. */
export function partitionOf(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/**
 * Returns the hash by which Kafka's own producer chooses the partition of a key: MurmurHash2 with 32 bits and a fixed seed, as a signed
 * number.
 */
export function murmur2(key: Buffer): number {
  const { length } = key;
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    const word = Math.imul(key.readInt32LE(at), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word ^ (word >>> 24), MULTIPLIER);
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at--) hash ^= key[at] << (8 * (at - whole));
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}
