/** SHA-256 of the DER of an issuer (static-ct-api, `TileLeaf`). */
export const FINGERPRINT_BYTES = 32;

/** Issuer certificates, each as DER, by their fingerprints. A key is the 32 octets as a latin1 string. */
export class IssuerMap {
  /** Octets of all certificates, and of the largest. */
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

  get size(): number {
    return this.certificates.size;
  }

  get(fingerprint: string): Buffer | undefined {
    return this.certificates.get(fingerprint);
  }

  /** @param offset where the fingerprint is in `bytes`. */
  find(bytes: Buffer, offset: number): Buffer | undefined {
    return this.certificates.get(bytes.toString('latin1', offset, offset + FINGERPRINT_BYTES));
  }
}

export const NO_ISSUERS = new IssuerMap(new Map());
