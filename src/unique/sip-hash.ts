const WORD = 8;

/** Octets to hash, with room for the padding of the last word. */
export class HashInput {
  readonly octets: Buffer;
  /** The same octets. */
  readonly words: Int32Array;

  /** @param size largest number of octets to hash */
  constructor(readonly size: number) {
    const memory = new ArrayBuffer((Math.floor(size / WORD) + 1) * WORD);
    this.octets = Buffer.from(memory);
    this.words = new Int32Array(memory);
  }
}

/**
 * SipHash-1-3 (Aumasson and Bernstein, 2012), a keyed hash of 64 bits. Without the key, texts with the same hash are found only by
 * chance. The 64-bit words of the algorithm are pairs of 32-bit integers, because BigInt takes a hundred times as long.
 */
export class SipHash {
  /** The two halves of the last hash. */
  low = 0;
  high = 0;
  private readonly key: Int32Array;

  /** @param key 16 octets */
  constructor(key: Buffer) {
    this.key = Int32Array.from({ length: 4 }, (_, i) => key.readInt32LE(4 * i));
  }

  /** Hashes the first `size` octets and stores the result in {@link low} and {@link high}. The octets after them are overwritten. */
  hash({ octets, words }: HashInput, size: number): void {
    const { key } = this;
    let v0l = key[0] ^ 0x70736575;
    let v0h = key[1] ^ 0x736f6d65;
    let v1l = key[2] ^ 0x6e646f6d;
    let v1h = key[3] ^ 0x646f7261;
    let v2l = key[0] ^ 0x6e657261;
    let v2h = key[1] ^ 0x6c796765;
    let v3l = key[2] ^ 0x79746573;
    let v3h = key[3] ^ 0x74656462;
    const end = 2 * ((size >>> 3) + 1);
    // Zeros and the lowest octet of the size complete the last word.
    octets.fill(0, size, 4 * end);
    octets[4 * end - 1] = size;
    // The last three rounds finish the hash.
    for (let at = 0; at < end + 6; at += 2) {
      const isData = at < end;
      const low = isData ? words[at] : 0;
      const high = isData ? words[at + 1] : 0;
      v3l ^= low;
      v3h ^= high;
      // v0 += v1; v1 = v0 ^ rotate(v1, 13); v0 = rotate(v0, 32)
      let sum = (v0l + v1l) | 0;
      v0h = (v0h + v1h + (sum >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
      v0l = sum;
      let t = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = t ^ v0l;
      t = v0l;
      v0l = v0h;
      v0h = t;
      // v2 += v3; v3 = v2 ^ rotate(v3, 16)
      sum = (v2l + v3l) | 0;
      v2h = (v2h + v3h + (sum >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
      v2l = sum;
      t = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = t ^ v2l;
      // v0 += v3; v3 = v0 ^ rotate(v3, 21)
      sum = (v0l + v3l) | 0;
      v0h = (v0h + v3h + (sum >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
      v0l = sum;
      t = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = t ^ v0l;
      // v2 += v1; v1 = v2 ^ rotate(v1, 17); v2 = rotate(v2, 32)
      sum = (v2l + v1l) | 0;
      v2h = (v2h + v1h + (sum >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
      v2l = sum;
      t = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = t ^ v2l;
      t = v2l;
      v2l = v2h;
      v2h = t;
      v0l ^= low;
      v0h ^= high;
      if (at === end - 2) v2l ^= 0xff;
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    this.high = v0h ^ v1h ^ v2h ^ v3h;
  }
}
