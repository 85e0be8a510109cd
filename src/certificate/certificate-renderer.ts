import { ByteWriter } from './byte-writer.js';
import { CertificateFields } from './certificate-fields.js';
import { CertificateStats } from './certificate-stats.js';
import { ChainWriter } from './chain-writer.js';
import { EntryColumn, ENTRY_COLUMNS, type EntryBatch } from './entry-batch.js';
import { entryFragments, type EntryFragments } from './entry-fragments.js';
import { ascii } from './json-constants.js';
import { LeafCertWriter, writeAsDer } from './leaf-cert-writer.js';
import { entryParseError, type ParseError } from './parse-error.js';
import {
  type LiteTexts,
  type RenderedTexts,
  type StreamKind,
  type TextFramer,
  TextIndex,
} from './rendered-texts.js';

export type { TextFramer } from './rendered-texts.js';

const CERT_INDEX = ascii('{"data":{"cert_index":');
const LINK_END = ascii('&end=');
const LINK_CLOSE = ascii('",');
const NO_LINK = ascii(',"cert_link":"",');
const LEAF_CERT = ascii('"leaf_cert":');
/** Length of `"leaf_cert":{"all_domains":`; `chain` is spliced in that much before the domains. */
const LEAF_CERT_TO_DOMAINS = LEAF_CERT.length + '{"all_domains":'.length;
const UPDATE_TYPES = [ascii('"X509LogEntry"'), ascii('"PrecertLogEntry"')];
const UNKNOWN_UPDATE_TYPE = ascii('""');
const PARSE_ERROR = ascii(',"parse_error":"');
const UPDATE_CLOSE = ascii('},"message_type":"certificate_update"}\n');
const DOMAINS_OPEN = ascii('{"data":');
const DOMAINS_CLOSE = ascii(',"message_type":"dns_entries"}');
const QUOTE = 0x22;
/** Batches of one log differ by a few percent. */
const HEADROOM = 1.1;
/** LogEntryType (RFC 6962, 3.1). */
const PRECERT_ENTRY = 1;

/** How a batch is rendered. */
export interface RenderOptions {
  /** Put the framer's bytes around the texts. */
  readonly framed: boolean;
  /** Add what is wrong with the entries to the {@link CertificateRenderer.stats}. */
  readonly counted: boolean;
}

/**
 * Turns located entries into JSON texts. It owns buffers and caches, so there is one per application; nothing it
 * writes depends on earlier entries. No bytes whatsoever make it throw or produce invalid JSON.
 */
export class CertificateRenderer {
  readonly stats = new CertificateStats();
  private readonly framer: TextFramer | undefined;
  private readonly out = new ByteWriter();
  /** Bytes per text the last time, so that a batch is mostly written into memory of the right size. */
  private readonly textSizes: Record<StreamKind, number> = { full: 0, lite: 0, domains: 0 };
  private readonly fields = new CertificateFields();
  private readonly leafCerts = new LeafCertWriter();
  private readonly chains = new ChainWriter(this.leafCerts);

  constructor(options: { framer?: TextFramer } = {}) {
    this.framer = options.framer;
  }

  lite(entries: EntryBatch, options: RenderOptions): LiteTexts {
    const { count } = entries;
    const fragments = entryFragments(entries);
    const index = this.openIndex('lite', count, options);
    const domainsStart = new Uint32Array(count);
    const domainsEnd = new Uint32Array(count);
    const { out } = this;
    for (let i = 0; i < count; i++) {
      const start = index.open(out);
      domainsStart[i] = this.writeUpdate(entries, i, fragments, options.counted) - start;
      domainsEnd[i] = this.leafCerts.domainsEnd - start;
      index.close(out);
    }
    return { ...this.finish('lite', index), domainsStart, domainsEnd };
  }

  /** Made from the lite texts by splicing in chain and DER. */
  full(entries: EntryBatch, lite: LiteTexts, options: RenderOptions): RenderedTexts {
    const index = this.openIndex('full', entries.count, options);
    const { out } = this;
    for (let i = 0; i < entries.count; i++) {
      index.open(out);
      const start = lite.textStart[i];
      const domainsEnd = start + lite.domainsEnd[i];
      const leafCert = start + lite.domainsStart[i] - LEAF_CERT_TO_DOMAINS;
      out.range(lite.buffer, start, leafCert);
      this.chains.write(out, entries, i, options.counted ? this.stats : undefined);
      out.range(lite.buffer, leafCert, domainsEnd);
      writeAsDer(out, submittedDer(entries, i));
      out.range(lite.buffer, domainsEnd, lite.frameStart[i + 1]);
      index.close(out);
    }
    return this.finish('full', index);
  }

  /** Cut out of the lite texts where they exist, else written from the certificates. */
  domains(entries: EntryBatch, lite: LiteTexts | undefined, options: RenderOptions): RenderedTexts {
    const index = this.openIndex('domains', entries.count, options);
    const { out } = this;
    for (let i = 0; i < entries.count; i++) {
      index.open(out);
      out.bytes(DOMAINS_OPEN);
      if (lite !== undefined) {
        const start = lite.textStart[i];
        out.range(lite.buffer, start + lite.domainsStart[i], start + lite.domainsEnd[i]);
      } else {
        this.readFields(entries, i);
        this.leafCerts.writeDomains(out, this.fields);
        if (options.counted) {
          this.leafCerts.checkIssuer(this.fields);
          this.count(this.parseError(entries, i));
        }
      }
      out.bytes(DOMAINS_CLOSE);
      index.close(out);
    }
    return this.finish('domains', index);
  }

  private openIndex(kind: StreamKind, count: number, { framed }: RenderOptions): TextIndex {
    this.out.restart(Math.ceil(this.textSizes[kind] * count * HEADROOM));
    return new TextIndex(count, framed ? this.framer : undefined);
  }

  private finish(kind: StreamKind, index: TextIndex): RenderedTexts {
    const texts = index.finish(this.out);
    if (texts.count > 0) this.textSizes[kind] = texts.buffer.length / texts.count;
    return texts;
  }

  /** @returns where the `all_domains` array begins. */
  private writeUpdate(entries: EntryBatch, i: number, fragments: EntryFragments, counted: boolean): number {
    const { out, fields } = this;
    const type = entries.table[i * ENTRY_COLUMNS + EntryColumn.Type];
    this.readFields(entries, i);
    writeIndexAndLink(out, entries.firstIndex + i, fragments);
    out.bytes(LEAF_CERT);
    const domains = out.length + LEAF_CERT_TO_DOMAINS - LEAF_CERT.length;
    this.leafCerts.write(out, fields, submittedDer(entries, i), type === PRECERT_ENTRY, false);
    out.bytes(fragments.seenAndSource);
    out.seconds(entries.timestamps[i]);
    out.bytes(fragments.typeAndOperator);
    out.bytes(UPDATE_TYPES[type] ?? UNKNOWN_UPDATE_TYPE);
    const parseError = this.parseError(entries, i);
    if (parseError !== undefined) {
      out.bytes(PARSE_ERROR);
      out.latin1(parseError);
      out.byte(QUOTE);
    }
    out.bytes(UPDATE_CLOSE);
    if (counted) this.count(parseError);
    return domains;
  }

  private readFields({ table, bytes }: EntryBatch, i: number): void {
    const row = i * ENTRY_COLUMNS;
    const start = table[row + EntryColumn.CertificateStart];
    const end = table[row + EntryColumn.CertificateEnd];
    if (table[row + EntryColumn.Type] === PRECERT_ENTRY) this.fields.readTbsCertificate(bytes, start, end);
    else this.fields.readCertificate(bytes, start, end);
  }

  /** What the decoder found wrong with the entry, else what is wrong with the certificate that was read last. */
  private parseError({ table }: EntryBatch, i: number): ParseError | undefined {
    return entryParseError(table[i * ENTRY_COLUMNS + EntryColumn.Problem]) ?? this.fields.problem;
  }

  private count(parseError: ParseError | undefined): void {
    if (parseError !== undefined) this.stats.countParseError(parseError);
    this.stats.malformedExtensions += this.fields.extensions.malformed;
    this.stats.impossibleDates += this.fields.impossibleDates;
  }
}

function writeIndexAndLink(out: ByteWriter, certIndex: number, { link }: EntryFragments): void {
  out.bytes(CERT_INDEX);
  const start = out.length;
  out.integer(certIndex);
  const end = out.length;
  if (link === undefined) return out.bytes(NO_LINK);
  out.bytes(link);
  out.range(out.buffer, start, end);
  out.bytes(LINK_END);
  out.range(out.buffer, start, end);
  out.bytes(LINK_CLOSE);
}

function submittedDer({ table, bytes }: EntryBatch, i: number): Buffer {
  const row = i * ENTRY_COLUMNS;
  return bytes.subarray(table[row + EntryColumn.SubmittedStart], table[row + EntryColumn.SubmittedEnd]);
}
