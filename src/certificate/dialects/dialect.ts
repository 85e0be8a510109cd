import type { ByteWriter } from '../byte-writer.js';
import type { DerReader, RangeList } from '../der-reader.js';
import type { NameFormat } from '../distinguished-name.js';
import type { ValueWriter } from '../extension-values.js';
import type { TextPiece } from '../text-piece.js';

/**
 * Whose formats the values of a message have: those of certstream-server-go or those of CaliDog's original server.
 * The keys are the same in both (docs/wire-format.md).
 */
export type DialectName = 'go' | 'calidog';

/** Writes the inside of a JSON string for all names or descriptions of one certificate; `lists` were checked. */
export type ListWriter = (out: ByteWriter, der: DerReader, lists: RangeList) => void;

/** Extensions whose text depends on the dialect. */
export interface ExtensionFormats {
  readonly authorityInfoAccess: ListWriter;
  /** subjectAltName and issuerAltName. */
  readonly generalNames: ListWriter;
  readonly authorityKeyIdentifier: ValueWriter;
  readonly subjectKeyIdentifier: ValueWriter;
  readonly certificatePolicies: ValueWriter;
  readonly keyUsage: ValueWriter;
}

/** Everything that depends on the dialect. */
export interface Dialect {
  readonly extensions: ExtensionFormats;
  readonly names: NameFormat;
  /** By the numbers of `signatureAlgorithm`. */
  readonly signatureAlgorithms: readonly TextPiece[];
  /** Writes INTEGER contents `bytes[start, end)`. */
  readonly writeSerialNumber: (out: ByteWriter, bytes: Buffer, start: number, end: number) => void;
  /** `source.url` for a base URL without trailing slash. */
  readonly sourceUrl: (url: string) => string;
}
