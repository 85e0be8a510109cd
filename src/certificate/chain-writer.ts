import { sourceOf } from './byte-source.js';
import type { ByteWriter } from './byte-writer.js';
import { CertificateFields } from './certificate-fields.js';
import type { CertificateStats } from './certificate-stats.js';
import { EntryColumn, ENTRY_COLUMNS, type EntryBatch } from './entry-batch.js';
import { FragmentCache } from './fragment-cache.js';
import { FINGERPRINT_BYTES } from './issuer-map.js';
import type { ParseError } from './certificate-message.js';
import { ascii } from './text-piece.js';
import type { LeafCertWriter } from './leaf-cert-writer.js';
import { MAX_CHAIN_CERTIFICATES, MAX_CHAIN_TEXT_BYTES } from './text-limits.js';

const OPEN = ascii('"chain":[');
const CLOSE = ascii('],');
const COMMA = 0x2c;

/** Octets of the `u24 length` in front of each certificate of an ASN.1Cert list (RFC 6962, 3.1). */
const LENGTH_SIZE = 3;

/** Cached certificates and chains. In practice there are a few hundred; key and JSON of a certificate take about 4 KB. */
const CACHED = 1024;
const CACHED_BYTES = 8_388_608;

/** A power of two that exceeds the number of different chains in a typical page. */
const SLOTS = 64;

/** Position of the text of a list, and the defects of the list. */
interface WrittenList {
  readonly end: number;
  textStart: number;
  textEnd: number;
  readonly cut: boolean;
  readonly oversized: boolean;
  readonly malformed: number;
}

/** Writes `data.chain`. Because chains repeat, it caches the JSON of chains without defects. */
export class ChainWriter {
  private readonly fields = new CertificateFields();
  /** JSON of whole ASN.1Cert lists. */
  private readonly lists = new FragmentCache(CACHED, CACHED_BYTES);
  private readonly byFingerprint = new FragmentCache(CACHED, CACHED_BYTES);
  /** JSON of issuers that were too large and are written without some of their fields. */
  private readonly reduced = new FragmentCache(CACHED, CACHED_BYTES);
  /** Lists of the batch that are not in the cache: their positions in the current text, by the offset of the list. */
  private readonly written = new Map<number, WrittenList>();
  /** The list of the current entry, if this entry is the first one with that list. */
  private newest: WrittenList | undefined;
  /** JSON of lists that entries of the batch share, by the offsets of the list. */
  private readonly slotStarts = new Int32Array(SLOTS);
  private readonly slotEnds = new Int32Array(SLOTS);
  private readonly slotTexts: Buffer[] = [];
  private source = sourceOf(Buffer.alloc(0));
  private cut = false;
  private oversized = false;
  /** Largest length of the output at the end of the chain. */
  private limit = 0;
  private gap = false;
  private malformed = 0;

  constructor(private readonly leafCerts: LeafCertWriter) {}

  /** Prepares for a batch. Call it before the first entry of every batch. */
  openBatch({ bytes }: EntryBatch): void {
    this.source = sourceOf(bytes);
    this.slotEnds.fill(0);
    this.written.clear();
    this.newest = undefined;
  }

  /** Records that the text was moved by `octets`. Call it after every entry, because an unusual frame header size moves the text. */
  textMoved(octets: number): void {
    const { newest } = this;
    this.newest = undefined;
    if (newest === undefined || octets === 0) return;
    newest.textStart += octets;
    newest.textEnd += octets;
  }

  /**
   * Writes the `chain` member of entry `i`, followed by a comma. The chain ends where the list becomes unreadable, after
   * {@link MAX_CHAIN_CERTIFICATES} certificates, or before its text exceeds {@link MAX_CHAIN_TEXT_BYTES}.
   * @param stats counts the defects of the chain, unless undefined
   * @returns the parse error if the chain is incomplete.
   */
  write(
    out: ByteWriter,
    entries: EntryBatch,
    i: number,
    stats: CertificateStats | undefined,
  ): ParseError | undefined {
    const row = i * ENTRY_COLUMNS;
    const start = entries.table[row + EntryColumn.ChainStart];
    const end = entries.table[row + EntryColumn.ChainEnd];
    this.cut = this.gap = this.oversized = false;
    this.malformed = 0;
    out.text(OPEN);
    this.limit = out.length + MAX_CHAIN_TEXT_BYTES;
    if (entries.encoding === 'data-tile') this.writeIssuers(out, entries, start, end);
    else this.writeList(out, entries.bytes, start, end);
    out.text(CLOSE);
    if (stats !== undefined) this.count(stats);
    return this.oversized ? 'oversized_chain' : this.gap ? 'missing_issuer' : undefined;
  }

  private count(stats: CertificateStats): void {
    if (this.cut) stats.chainCuts++;
    if (this.gap) stats.chainGaps++;
    stats.malformedChainCertificates += this.malformed;
  }

  private writeList(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const slot = (start ^ (start >> 6)) & (SLOTS - 1);
    if (this.slotStarts[slot] === start && this.slotEnds[slot] === end)
      return out.bytes(this.slotTexts[slot]);
    const known = this.lists.find(this.source, start, end);
    if (known !== undefined) {
      this.slotStarts[slot] = start;
      this.slotEnds[slot] = end;
      this.slotTexts[slot] = known;
      return out.bytes(known);
    }
    const before = this.written.get(start);
    if (before?.end === end) {
      this.cut = before.cut;
      this.oversized = before.oversized;
      this.malformed = before.malformed;
      return out.repeat(before.textStart, before.textEnd);
    }
    const textStart = out.length;
    this.writeCertificates(out, bytes, start, end);
    const { cut, oversized, malformed } = this;
    this.newest = { end, textStart, textEnd: out.length, cut, oversized, malformed };
    this.written.set(start, this.newest);
    if (!this.cut && !this.oversized && this.malformed === 0)
      this.lists.add(this.source, start, end, out.copyOut(textStart));
  }

  private writeCertificates(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
    let written = 0;
    for (let at = start; at < end; written++) {
      const der = at + LENGTH_SIZE;
      const next = der <= end ? der + bytes.readUIntBE(at, LENGTH_SIZE) : der;
      if (next > end || next === der) {
        this.cut = true;
        return;
      }
      if (written === MAX_CHAIN_CERTIFICATES) return this.cutHere(out, out.length);
      const before = out.length;
      if (written > 0) out.byte(COMMA);
      this.writeCertificate(out, bytes.subarray(der, next));
      if (out.length > this.limit) return this.cutHere(out, before);
      at = next;
    }
  }

  /** Ends a chain that is too long: removes the text written since `length`. */
  private cutHere(out: ByteWriter, length: number): void {
    out.length = length;
    this.cut = this.oversized = true;
  }

  private writeIssuers(out: ByteWriter, { bytes, issuers }: EntryBatch, start: number, end: number): void {
    const last = Math.min(end, start + MAX_CHAIN_CERTIFICATES * FINGERPRINT_BYTES);
    this.cut = this.oversized = last < end;
    for (let at = start; at + FINGERPRINT_BYTES <= last; at += FINGERPRINT_BYTES) {
      const known = this.byFingerprint.find(this.source, at, at + FINGERPRINT_BYTES);
      const reduced = known ?? this.reduced.find(this.source, at, at + FINGERPRINT_BYTES);
      const der = reduced === undefined ? issuers.find(bytes, at) : undefined;
      if (reduced === undefined && der === undefined) {
        this.gap = true;
        return;
      }
      const before = out.length;
      if (at > start) out.byte(COMMA);
      if (reduced === undefined) this.writeIssuer(out, der!, at);
      else {
        out.bytes(reduced);
        this.oversized ||= known === undefined;
      }
      if (out.length > this.limit) return this.cutHere(out, before);
    }
  }

  private writeIssuer(out: ByteWriter, der: Buffer, fingerprint: number): void {
    const textStart = out.length;
    const isWhole = this.writeCertificate(out, der);
    if (!isWhole && this.fields.problem !== 'oversized_certificate') return;
    const cache = isWhole ? this.byFingerprint : this.reduced;
    cache.add(this.source, fingerprint, fingerprint + FINGERPRINT_BYTES, out.copyOut(textStart));
  }

  /** @returns whether the whole certificate could be read. */
  private writeCertificate(out: ByteWriter, der: Buffer): boolean {
    this.fields.readCertificate(der, 0, der.length);
    this.leafCerts.write(out, this.fields, der, false, true);
    const { problem } = this.fields;
    if (problem === undefined) return true;
    if (problem === 'oversized_certificate') this.oversized = true;
    else this.malformed++;
    return false;
  }
}
