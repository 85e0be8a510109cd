import type { ByteWriter } from '../byte-writer.js';
import type { DerReader, RangeList } from '../der-reader.js';
import type { NameFormat } from '../distinguished-name.js';
import type { ValueWriter } from '../extension-values.js';
import type { TextPiece } from '../text-piece.js';

/**
 * Names the server whose value formats a message has: certstream-server-go or CaliDog's original server. The keys are the
 * same in both (docs/wire-format.md).
 */
export type DialectName = 'go' | 'calidog';

/** Writes the inside of a JSON string for all names or descriptions of one certificate. `lists` must be well-formed. */
export type ListWriter = (out: ByteWriter, der: DerReader, lists: RangeList) => void;

/** Writers of the extensions whose text depends on the dialect. */
export interface ExtensionFormats {
  readonly authorityInfoAccess: ListWriter;
  /** Writes subjectAltName and issuerAltName. */
  readonly generalNames: ListWriter;
  readonly authorityKeyIdentifier: ValueWriter;
  readonly subjectKeyIdentifier: ValueWriter;
  readonly certificatePolicies: ValueWriter;
  readonly keyUsage: ValueWriter;
}

/** All formats that depend on the dialect. */
export interface Dialect {
  readonly extensions: ExtensionFormats;
  readonly names: NameFormat;
  /** Names by the numbers of `signatureAlgorithm`. */
  readonly signatureAlgorithms: readonly TextPiece[];
  /** Writes the INTEGER whose contents are `bytes[start, end)`. */
  readonly writeSerialNumber: (out: ByteWriter, bytes: Buffer, start: number, end: number) => void;
  /** Returns `source.url` for a base URL without trailing slash. */
  readonly sourceUrl: (url: string) => string;
}
