import { CertificateEntry } from './certificate-entry.js';
import type { CertificateRenderer } from './certificate-renderer.js';
import { sliceEntryBatch } from './entry-batch-builder.js';
import type { EntryBatch, LogSource } from './entry-batch.js';
import type { LiteTexts, RenderedTexts, StreamKind } from './rendered-texts.js';

export type { RenderedTexts, StreamKind } from './rendered-texts.js';

/** Texts of a single entry: not for a socket, and not the entry's first appearance in the counters. */
const SINGLE = { framed: false, counted: false };

/** Consecutive entries of one log on their way to every output. Its JSON is written when it is first asked for. */
export class CertificateBatch implements Iterable<CertificateEntry> {
  private lite: LiteTexts | undefined;
  private full: RenderedTexts | undefined;
  private domains: RenderedTexts | undefined;

  constructor(
    readonly entries: EntryBatch,
    private readonly renderer: CertificateRenderer,
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

  /** Wall clock when the entries were received, milliseconds since the epoch. */
  get seen(): number {
    return this.entries.seen;
  }

  /** All texts of one stream, framed; written on first demand, the same object ever after. */
  texts(kind: StreamKind): RenderedTexts {
    switch (kind) {
      case 'lite':
        return this.liteTexts();
      case 'full':
        return (this.full ??= this.renderer.full(this.entries, this.liteTexts(), {
          framed: true,
          counted: true,
        }));
      case 'domains':
        return (this.domains ??= this.renderer.domains(this.entries, this.lite, this.firstTime()));
    }
  }

  /** The JSON document of entry `i`, without its frame. The batch is not rendered for it. */
  text(kind: StreamKind, i: number): Buffer {
    if (!(i >= 0 && i < this.count)) throw new RangeError(`no entry ${i} in a batch of ${this.count}`);
    const all = kind === 'lite' ? this.lite : kind === 'full' ? this.full : this.domains;
    if (all !== undefined) return all.buffer.subarray(all.textStart[i], all.frameStart[i + 1]);
    const entry = sliceEntryBatch(this.entries, i, i + 1);
    if (kind === 'domains') return this.renderer.domains(entry, undefined, SINGLE).buffer;
    const lite = this.renderer.lite(entry, SINGLE);
    return kind === 'lite' ? lite.buffer : this.renderer.full(entry, lite, SINGLE).buffer;
  }

  entry(i: number): CertificateEntry {
    if (!(i >= 0 && i < this.count)) throw new RangeError(`no entry ${i} in a batch of ${this.count}`);
    return new CertificateEntry(this, i);
  }

  *[Symbol.iterator](): Iterator<CertificateEntry> {
    for (let i = 0; i < this.count; i++) yield new CertificateEntry(this, i);
  }

  private liteTexts(): LiteTexts {
    return (this.lite ??= this.renderer.lite(this.entries, this.firstTime()));
  }

  /** Whichever of lite and domains is written first counts what is wrong with the entries. */
  private firstTime(): { framed: boolean; counted: boolean } {
    return { framed: true, counted: this.lite === undefined && this.domains === undefined };
  }
}
