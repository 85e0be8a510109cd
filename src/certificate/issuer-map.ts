/** Size of a fingerprint: the SHA-256 of the DER of an issuer (static-ct-api, `TileLeaf`). */
export const FINGERPRINT_BYTES = 32;

/** DER of issuer certificates by fingerprint. A key is a fingerprint as a latin1 string of 32 characters. */
export class IssuerMap {
  /** Octets of all certificates together; {@link largest} is the size of the largest one. */
  readonly bytes: number;
  readonly largest: number;

  constructor(private readonly certificates: ReadonlyMap<string, Buffer>) {
    let bytes = 0;
    let largest = 0;
    for (const { length } of certificates.values()) {
      bytes += length;
      largest = Math.max(largest, length);
    }
    this.bytes = bytes;
    this.largest = largest;
  }

  /** Returns a map with the certificates of all given ones. */
  static union(maps: readonly IssuerMap[]): IssuerMap {
    return new IssuerMap(new Map(maps.flatMap(({ certificates }) => [...certificates])));
  }

  get size(): number {
    return this.certificates.size;
  }

  get(fingerprint: string): Buffer | undefined {
    return this.certificates.get(fingerprint);
  }

  /** @param offset offset of the fingerprint in `bytes` */
  find(bytes: Buffer, offset: number): Buffer | undefined {
    return this.certificates.get(bytes.toString('latin1', offset, offset + FINGERPRINT_BYTES));
  }
}

export const NO_ISSUERS = new IssuerMap(new Map());
