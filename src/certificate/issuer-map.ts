import type { IssuerLookup } from './entry-batch.js';

/** SHA-256 of the DER of an issuer (static-ct-api, `TileLeaf`). */
export const FINGERPRINT_BYTES = 32;

/** Issuers by their fingerprints, each as 32 characters of one octet. */
export class IssuerMap implements IssuerLookup {
  readonly bytes: number;
  readonly largest: number;

  constructor(private readonly issuers: ReadonlyMap<string, Buffer>) {
    let bytes = 0;
    let largest = 0;
    for (const { length } of issuers.values()) {
      bytes += length;
      largest = Math.max(largest, length);
    }
    this.bytes = bytes;
    this.largest = largest;
  }

  find(bytes: Buffer, offset: number): Buffer | undefined {
    return this.issuers.get(bytes.toString('latin1', offset, offset + FINGERPRINT_BYTES));
  }
}
