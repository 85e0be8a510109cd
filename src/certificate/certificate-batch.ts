import { CertificateEntry } from './certificate-entry.js';
import type { CertificateRenderer, RenderOptions } from './certificate-renderer.js';
import type { DialectName } from './dialects/dialect.js';
import { sliceEntryBatch } from './entry-batch-builder.js';
import { type BatchPlace, type EntryBatch, type LogSource, memoryOf } from './entry-batch.js';
import { newestEntries } from './newest-entries.js';
import type { LiteTexts, RenderedTexts, StreamKind } from './rendered-texts.js';

export type { DialectName } from './dialects/dialect.js';
export type { BatchPlace } from './entry-batch.js';
export type { RenderedTexts, StreamKind } from './rendered-texts.js';

/** Texts that were already written in one dialect. */
interface DialectTexts {
  lite?: LiteTexts;
  full?: RenderedTexts;
  enrichedLite?: LiteTexts;
  enrichedFull?: RenderedTexts;
}

/** Consecutive entries of one log, which are passed to every output. The JSON is written on first use. */
export class CertificateBatch implements Iterable<CertificateEntry> {
  private readonly written: Record<DialectName, DialectTexts> = { go: {}, calidog: {} };
  private domains: RenderedTexts | undefined;
  private readonly singles = new Map<number, CertificateBatch>();
  private entriesCounted = false;
  private chainsCounted = false;

  constructor(
    readonly entries: EntryBatch,
    private readonly renderer: CertificateRenderer,
    /** Undefined when the journal already held the entries: after a crash, the server publishes the last entries again. */
    readonly place?: BatchPlace,
  ) {}

  get source(): LogSource {
    return this.entries.source;
  }

  /** Log index of the first entry. */
  get firstIndex(): number {
    return this.entries.firstIndex;
  }

  get count(): number {
    return this.entries.count;
  }

  /** Wall-clock time at which the entries were received, in milliseconds since the epoch. */
  get seen(): number {
    return this.entries.seen;
  }

  /**
   * Returns all framed texts of one stream. The first call writes them; later calls return the same object. Domains-only
   * texts are the same in every dialect.
   * @param enrich whether to add the fields of `enrich=1`; domains-only texts have none
   */
  texts(kind: StreamKind, dialect: DialectName = 'go', enrich = false): RenderedTexts {
    const written = this.written[dialect];
    switch (kind) {
      case 'lite':
        return enrich ? this.enrichedTexts(dialect) : this.liteTexts(dialect);
      case 'full':
        if (enrich) return (written.enrichedFull ??= this.fullTexts(this.enrichedTexts(dialect), dialect));
        return (written.full ??= this.fullTexts(this.liteTexts(dialect), dialect));
      case 'domains':
        return (this.domains ??= this.renderer.domains(
          this.entries,
          written.lite ?? this.written.go.lite ?? this.written.calidog.lite,
          this.entriesFirst('go'),
        ));
    }
  }

  /** Returns the JSON document of entry `i` without its frame. It does not render the other entries of the batch. */
  text(kind: StreamKind, i: number, dialect: DialectName = 'go', enrich = false): Buffer {
    if (!(i >= 0 && i < this.count)) throw new RangeError(`no entry ${i} in a batch of ${this.count}`);
    const all = this.writtenTexts(kind, dialect, enrich);
    if (all !== undefined) return all.buffer.subarray(all.textStart[i], all.frameStart[i + 1]);
    const entry = sliceEntryBatch(this.entries, i, i + 1);
    // The text is not for a socket, and the entry must not be counted twice.
    const single = { framed: false, counted: false, dialect };
    if (kind === 'domains') return this.renderer.domains(entry, undefined, single).buffer;
    const plain = this.renderer.lite(entry, single);
    const lite = enrich ? this.renderer.enriched(entry, plain, this.placeOf(i), false) : plain;
    return kind === 'lite' ? lite.buffer : this.renderer.full(entry, lite, single).buffer;
  }

  /** Reports whether a lite text of entry `i` was written and has a `parse_error`. */
  hasParseError(i: number): boolean {
    const lite = this.written.go.lite ?? this.written.calidog.lite;
    return lite?.parseErrors[i] === 1;
  }

  /** Octets of memory that the entries keep alive. */
  get bytes(): number {
    return memoryOf(this.entries);
  }

  /** Returns the entry `i` as a batch, always the same object. Defects are counted when the texts of the whole batch are written. */
  single(i: number): CertificateBatch {
    let single = this.singles.get(i);
    if (single === undefined) {
      single = new CertificateBatch(sliceEntryBatch(this.entries, i, i + 1), this.renderer, this.placeOf(i));
      single.entriesCounted = single.chainsCounted = true;
      this.singles.set(i, single);
    }
    return single;
  }

  /** Whether the texts of a stream are already written. */
  hasTexts(kind: StreamKind, dialect: DialectName, enrich: boolean): boolean {
    return this.writtenTexts(kind, dialect, enrich) !== undefined;
  }

  /** Returns a copy of the newest entries that does not keep the memory of this batch alive. See {@link newestEntries}. */
  newest(maxEntries: number, maxBytes: number): CertificateBatch {
    const copy = newestEntries(this.entries, maxEntries, maxBytes);
    return new CertificateBatch(copy, this.renderer, this.placeOf(this.count - copy.count));
  }

  private placeOf(i: number): BatchPlace | undefined {
    return this.place && { seq: this.place.seq, offset: this.place.offset + i };
  }

  entry(i: number): CertificateEntry {
    if (!(i >= 0 && i < this.count)) throw new RangeError(`no entry ${i} in a batch of ${this.count}`);
    return new CertificateEntry(this, i);
  }

  *[Symbol.iterator](): Iterator<CertificateEntry> {
    for (let i = 0; i < this.count; i++) yield new CertificateEntry(this, i);
  }

  private liteTexts(dialect: DialectName): LiteTexts {
    return (this.written[dialect].lite ??= this.renderer.lite(this.entries, this.entriesFirst(dialect)));
  }

  private enrichedTexts(dialect: DialectName): LiteTexts {
    return (this.written[dialect].enrichedLite ??= this.renderer.enriched(
      this.entries,
      this.liteTexts(dialect),
      this.place,
      true,
    ));
  }

  private fullTexts(lite: LiteTexts, dialect: DialectName): RenderedTexts {
    return this.renderer.full(this.entries, lite, this.chainsFirst(dialect));
  }

  private writtenTexts(kind: StreamKind, dialect: DialectName, enrich: boolean): RenderedTexts | undefined {
    if (kind === 'domains') return this.domains;
    const { lite, full, enrichedLite, enrichedFull } = this.written[dialect];
    if (kind === 'lite') return enrich ? enrichedLite : lite;
    return enrich ? enrichedFull : full;
  }

  /** Returns options that count defects of entries for the first call only: for lite or domains texts, whichever is written first. */
  private entriesFirst(dialect: DialectName): RenderOptions {
    const counted = !this.entriesCounted;
    this.entriesCounted = true;
    return { framed: true, counted, dialect };
  }

  /** Returns options that count defects of chains for the first call only: for the dialect whose full texts are written first. */
  private chainsFirst(dialect: DialectName): RenderOptions {
    const counted = !this.chainsCounted;
    this.chainsCounted = true;
    return { framed: true, counted, dialect };
  }
}
