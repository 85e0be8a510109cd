import { sourceOf } from './byte-source.js';
import { ByteWriter } from './byte-writer.js';
import { CertificateFields } from './certificate-fields.js';
import { CertificateStats } from './certificate-stats.js';
import type { DialectName } from './dialects/dialect.js';
import { DialectWriters } from './dialects/dialect-writers.js';
import { type BatchPlace, EntryColumn, ENTRY_COLUMNS, type EntryBatch, LogEntryType } from './entry-batch.js';
import { EnrichedTexts } from './enriched-texts.js';
import { entryFragments, type EntryFragments } from './entry-fragments.js';
import { ascii } from './text-piece.js';
import { type LeafCertWriter, writeAsDer } from './leaf-cert-writer.js';
import type { ParseError } from './certificate-message.js';
import { entryParseError } from './parse-error.js';
import {
  type LiteTexts,
  type RenderedTexts,
  type StreamKind,
  type TextFramer,
  TextIndex,
} from './rendered-texts.js';
import { MAX_CERTIFICATE_BYTES } from './text-limits.js';

export type { TextFramer } from './rendered-texts.js';

const CERT_INDEX = ascii('{"data":{"cert_index":');
const LINK_END = ascii('&end=');
const LINK_CLOSE = ascii('",');
const NO_LINK = ascii(',"cert_link":"",');
const LEAF_CERT = ascii('"leaf_cert":');
/** Length of `"leaf_cert":{"all_domains":`. The full text inserts `chain` this many bytes before the domains. */
const LEAF_CERT_TO_DOMAINS = LEAF_CERT.length + '{"all_domains":'.length;
/** Values of `update_type` by {@link LogEntryType}. */
const UPDATE_TYPES = [ascii('"X509LogEntry"'), ascii('"PrecertLogEntry"')];
const UNKNOWN_UPDATE_TYPE = ascii('""');
const PARSE_ERROR = ascii(',"parse_error":"');
const UPDATE_CLOSE = ascii('},"message_type":"certificate_update"}\n');
const DOMAINS_OPEN = ascii('{"data":');
const DOMAINS_CLOSE = ascii(',"message_type":"dns_entries"}');
const QUOTE = 0x22;
/** Extra room for the next batch: text sizes of one log differ by a few percent. */
const HEADROOM = 1.1;

/** Options for rendering a batch. */
export interface RenderOptions {
  /** Whether to put the bytes of the framer around the texts. */
  readonly framed: boolean;
  /** Whether to count defects of the entries in {@link CertificateRenderer.stats}. */
  readonly counted: boolean;
  readonly dialect: DialectName;
}

/**
 * Renders located entries as JSON texts. It owns buffers and caches, so an application has one renderer. Its output does
 * not depend on earlier entries. For any input bytes it produces valid JSON and does not throw.
 */
export class CertificateRenderer {
  readonly stats = new CertificateStats();
  /** Puts octets in front of the texts of whole batches that are written from now on; none when undefined. */
  framer: TextFramer | undefined;
  /** Beginning of the cursors in enriched texts. */
  cursorPrefix = '';
  private readonly enrichment = new EnrichedTexts();
  private readonly out = new ByteWriter();
  private readonly fields = new CertificateFields();
  private readonly writers: Readonly<Record<DialectName, DialectWriters>> = {
    go: new DialectWriters('go'),
    calidog: new DialectWriters('calidog'),
  };

  constructor(options: { framer?: TextFramer } = {}) {
    this.framer = options.framer;
  }

  lite(entries: EntryBatch, options: RenderOptions): LiteTexts {
    const { count } = entries;
    const writers = this.writers[options.dialect];
    const { leafCerts } = writers;
    const fragments = entryFragments(entries, writers.dialect);
    const index = this.openIndex('lite', entries, options);
    const domainsStart = new Uint32Array(count);
    const domainsEnd = new Uint32Array(count);
    const parseErrors = new Uint8Array(count);
    const { out } = this;
    for (let i = 0; i < count; i++) {
      const start = index.open(out);
      domainsStart[i] = this.writeUpdate(entries, i, leafCerts, fragments) - start;
      domainsEnd[i] = leafCerts.domainsEnd - start;
      const parseError = this.parseError(entries, i);
      if (parseError !== undefined) {
        parseErrors[i] = 1;
        writeParseError(out, parseError);
      }
      out.text(UPDATE_CLOSE);
      if (options.counted) this.count(entries, i);
      index.close(out);
    }
    return { ...this.finish('lite', index, entries, writers), domainsStart, domainsEnd, parseErrors };
  }

  /** Renders the texts of `enrich=1` from the plain texts of the same dialect. {@link full} makes full texts of them. */
  enriched(
    entries: EntryBatch,
    lite: LiteTexts,
    place: BatchPlace | undefined,
    isFramed: boolean,
  ): LiteTexts {
    const { cursorPrefix } = this;
    const framer = isFramed ? this.framer : undefined;
    return this.enrichment.write(entries, lite, {
      framer,
      closeBytes: UPDATE_CLOSE.length,
      place,
      cursorPrefix,
    });
  }

  /** Renders full texts: copies the lite texts and inserts chain and DER. */
  full(entries: EntryBatch, lite: LiteTexts, options: RenderOptions): RenderedTexts {
    const writers = this.writers[options.dialect];
    const index = this.openIndex('full', entries, options);
    const { out } = this;
    const { bytes, table } = entries;
    const source = sourceOf(lite.buffer);
    writers.chains.openBatch(entries);
    for (let i = 0; i < entries.count; i++) {
      index.open(out);
      const start = lite.textStart[i];
      const domainsEnd = start + lite.domainsEnd[i];
      const leafCert = start + lite.domainsStart[i] - LEAF_CERT_TO_DOMAINS;
      out.range(source, start, leafCert);
      const chainError = writers.chains.write(out, entries, i, options.counted ? this.stats : undefined);
      out.range(source, leafCert, domainsEnd);
      const row = i * ENTRY_COLUMNS;
      const submittedStart = table[row + EntryColumn.SubmittedStart];
      const submittedEnd = table[row + EntryColumn.SubmittedEnd];
      writeAsDer(out, bytes, submittedStart, submittedEnd);
      const end = lite.frameStart[i + 1];
      const isUnprinted = submittedEnd - submittedStart > MAX_CERTIFICATE_BYTES;
      const parseError = chainError ?? (isUnprinted ? 'oversized_certificate' : undefined);
      if (parseError !== undefined && lite.parseErrors[i] === 0) {
        out.range(source, domainsEnd, end - UPDATE_CLOSE.length);
        writeParseError(out, parseError);
        out.text(UPDATE_CLOSE);
        if (options.counted) this.stats.countParseError(parseError);
      } else out.range(source, domainsEnd, end);
      writers.chains.textMoved(index.close(out));
    }
    return this.finish('full', index, entries, writers);
  }

  /** Renders domains-only texts: copies the domains from the lite texts of any dialect if given, else reads the certificates. */
  domains(entries: EntryBatch, lite: LiteTexts | undefined, options: RenderOptions): RenderedTexts {
    const writers = this.writers[options.dialect];
    const index = this.openIndex('domains', entries, options);
    const { out } = this;
    const source = lite && sourceOf(lite.buffer);
    for (let i = 0; i < entries.count; i++) {
      index.open(out);
      out.text(DOMAINS_OPEN);
      if (lite !== undefined && source !== undefined) {
        const start = lite.textStart[i];
        out.range(source, start + lite.domainsStart[i], start + lite.domainsEnd[i]);
      } else {
        this.fields.readEntry(entries, i);
        writers.leafCerts.writeDomains(out, this.fields);
        if (options.counted) {
          writers.leafCerts.checkIssuer(this.fields);
          this.count(entries, i);
        }
      }
      out.text(DOMAINS_CLOSE);
      index.close(out);
    }
    return this.finish('domains', index, entries, writers);
  }

  private openIndex(
    kind: StreamKind,
    { source, count }: EntryBatch,
    { framed, dialect }: RenderOptions,
  ): TextIndex {
    this.out.restart(Math.ceil(this.writers[dialect].textSizes(source)[kind] * count * HEADROOM));
    return new TextIndex(count, framed ? this.framer : undefined);
  }

  private finish(
    kind: StreamKind,
    index: TextIndex,
    { source }: EntryBatch,
    writers: DialectWriters,
  ): RenderedTexts {
    const texts = index.finish(this.out);
    if (texts.count > 0) writers.textSizes(source)[kind] = texts.buffer.length / texts.count;
    return texts;
  }

  /** Writes the message up to `update_type`. @returns the start of the `all_domains` array. */
  private writeUpdate(
    entries: EntryBatch,
    i: number,
    leafCerts: LeafCertWriter,
    fragments: EntryFragments,
  ): number {
    const { out, fields } = this;
    const type = entries.table[i * ENTRY_COLUMNS + EntryColumn.Type];
    fields.readEntry(entries, i);
    writeIndexAndLink(out, entries.firstIndex + i, fragments);
    out.text(LEAF_CERT);
    const domains = out.length + LEAF_CERT_TO_DOMAINS - LEAF_CERT.length;
    leafCerts.write(out, fields, submittedDer(entries, i), type === LogEntryType.PrecertEntry, false);
    out.text(fragments.seenAndSource);
    out.seconds(entries.timestamps[i]);
    out.text(fragments.typeAndOperator);
    out.text(UPDATE_TYPES[type] ?? UNKNOWN_UPDATE_TYPE);
    return domains;
  }

  /** Returns the problem that the decoder found in the entry, or else the problem of the certificate that was read last. */
  private parseError({ table }: EntryBatch, i: number): ParseError | undefined {
    return entryParseError(table[i * ENTRY_COLUMNS + EntryColumn.Problem]) ?? this.fields.problem;
  }

  /** Counts the entry whose certificate was read last. */
  private count(entries: EntryBatch, i: number): void {
    const parseError = this.parseError(entries, i);
    if (parseError !== undefined) this.stats.countParseError(parseError);
    this.stats.malformedExtensions += this.fields.extensions.malformed;
    this.stats.impossibleDates += this.fields.impossibleDates;
  }
}

function writeIndexAndLink(out: ByteWriter, certIndex: number, { link }: EntryFragments): void {
  out.text(CERT_INDEX);
  const start = out.length;
  out.integer(certIndex);
  const end = out.length;
  if (link === undefined) return out.text(NO_LINK);
  out.text(link);
  out.repeat(start, end);
  out.text(LINK_END);
  out.repeat(start, end);
  out.text(LINK_CLOSE);
}

function writeParseError(out: ByteWriter, parseError: ParseError): void {
  out.text(PARSE_ERROR);
  out.latin1(parseError);
  out.byte(QUOTE);
}

function submittedDer({ table, bytes }: EntryBatch, i: number): Buffer {
  const row = i * ENTRY_COLUMNS;
  return bytes.subarray(table[row + EntryColumn.SubmittedStart], table[row + EntryColumn.SubmittedEnd]);
}
