import type { ByteWriter } from './byte-writer.js';
import { CertificateFields } from './certificate-fields.js';
import type { CertificateStats } from './certificate-stats.js';
import { EntryColumn, ENTRY_COLUMNS, type EntryBatch } from './entry-batch.js';
import { FragmentCache } from './fragment-cache.js';
import { ascii } from './json-constants.js';
import type { LeafCertWriter } from './leaf-cert-writer.js';

const OPEN = ascii('"chain":[');
const CLOSE = ascii('],');
const COMMA = 0x2c;

/** SHA-256 of an issuer in a TileLeaf (static-ct-api). */
const FINGERPRINT_SIZE = 32;
/** `u24 length` in front of each certificate of an ASN.1Cert list (RFC 6962, 3.1). */
const LENGTH_SIZE = 3;
/**
 * Real chains have less than ten certificates. Without a bound a few megabytes of one-byte certificates, each of
 * which becomes a LeafCert, would become gigabytes.
 */
const MAX_CHAIN = 100;

/** A few hundred issuers cover everything; a certificate's key and JSON are about 8 KB. */
const CACHED_CERTIFICATES = 1024;
const CACHED_BYTES = 8_388_608;

/** Writes `data.chain`. Chain certificates repeat, so each is kept as finished JSON. */
export class ChainWriter {
  private readonly fields = new CertificateFields();
  private readonly byDer = new FragmentCache(CACHED_CERTIFICATES, CACHED_BYTES);
  private readonly byFingerprint = new FragmentCache(CACHED_CERTIFICATES, CACHED_BYTES);

  constructor(private readonly leafCerts: LeafCertWriter) {}

  /**
   * Writes the `chain` member of entry `i` with a comma behind it. It ends where it cannot be read further
   * and after {@link MAX_CHAIN} certificates.
   * @param stats counts gaps, unless undefined
   */
  write(out: ByteWriter, entries: EntryBatch, i: number, stats: CertificateStats | undefined): void {
    const row = i * ENTRY_COLUMNS;
    const start = entries.table[row + EntryColumn.ChainStart];
    const end = entries.table[row + EntryColumn.ChainEnd];
    out.bytes(OPEN);
    if (entries.source.type === 'rfc6962') this.writeList(out, entries.bytes, start, end);
    else if (!this.writeIssuers(out, entries, start, end) && stats !== undefined) stats.chainGaps++;
    out.bytes(CLOSE);
  }

  private writeList(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
    for (let at = start, left = MAX_CHAIN; at + LENGTH_SIZE <= end && left > 0; left--) {
      const der = at + LENGTH_SIZE;
      const next = der + bytes.readUIntBE(at, LENGTH_SIZE);
      if (next > end || next === der) return;
      if (at > start) out.byte(COMMA);
      const known = this.byDer.find(bytes, der, next);
      if (known !== undefined) out.bytes(known);
      else this.byDer.add(bytes, der, next, this.writeCertificate(out, bytes.subarray(der, next)));
      at = next;
    }
  }

  /** @returns false when an issuer could not be had. */
  private writeIssuers(out: ByteWriter, { bytes, issuers }: EntryBatch, start: number, end: number): boolean {
    end = Math.min(end, start + MAX_CHAIN * FINGERPRINT_SIZE);
    for (let at = start; at + FINGERPRINT_SIZE <= end; at += FINGERPRINT_SIZE) {
      const known = this.byFingerprint.find(bytes, at, at + FINGERPRINT_SIZE);
      const der = known === undefined ? issuers?.find(bytes, at) : undefined;
      if (known === undefined && der === undefined) return false;
      if (at > start) out.byte(COMMA);
      if (known !== undefined) out.bytes(known);
      else this.byFingerprint.add(bytes, at, at + FINGERPRINT_SIZE, this.writeCertificate(out, der!));
    }
    return true;
  }

  /** @returns a copy of the JSON. */
  private writeCertificate(out: ByteWriter, der: Buffer): Buffer {
    const start = out.length;
    this.fields.readCertificate(der, 0, der.length);
    this.leafCerts.write(out, this.fields, der, false, true);
    return out.copyOut(start);
  }
}
