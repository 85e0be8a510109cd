import type { ByteWriter } from './byte-writer.js';

/** The three streams: everything, without chain and DER, only the domain names. */
export type StreamKind = 'full' | 'lite' | 'domains';

/**
 * All texts of one stream for one batch, contiguous. Frame i = `buffer[frameStart[i], frameStart[i + 1])`,
 * text i = `buffer[textStart[i], frameStart[i + 1])`.
 */
export interface RenderedTexts {
  readonly buffer: Buffer;
  readonly count: number;
  /** `count + 1` values. */
  readonly frameStart: Uint32Array;
  /** `count` values. */
  readonly textStart: Uint32Array;
}

/** Lite texts with the places where the other streams cut them, relative to the start of each text. */
export interface LiteTexts extends RenderedTexts {
  /** Of each text, whether it has a `parse_error`. */
  readonly parseErrors: Uint8Array;
  /** The `all_domains` array. */
  readonly domainsStart: Uint32Array;
  readonly domainsEnd: Uint32Array;
}

/** Puts bytes in front of each text while it is written, for example the header of a WebSocket frame. */
export interface TextFramer {
  /** Writes or reserves what comes before the text. */
  open(out: ByteWriter): void;
  /**
   * The text is `out.buffer[textStart, out.length)`. May move it, with `out.length`, but not before the length at
   * `open`; returns its new start. Nothing may follow the text.
   */
  close(out: ByteWriter, textStart: number): number;
}

/** Notes where frames and texts begin while they are written one after the other from the start of a writer. */
export class TextIndex {
  private readonly frameStart: Uint32Array;
  private readonly textStart: Uint32Array;
  private written = 0;

  constructor(
    private readonly count: number,
    private readonly framer: TextFramer | undefined,
  ) {
    this.frameStart = new Uint32Array(count + 1);
    this.textStart = new Uint32Array(count);
  }

  /** @returns where the text begins for now. */
  open(out: ByteWriter): number {
    this.framer?.open(out);
    return (this.textStart[this.written] = out.length);
  }

  /** @returns by how many octets the text was moved, for whoever remembers places in it. */
  close(out: ByteWriter): number {
    const i = this.written++;
    const before = this.textStart[i];
    if (this.framer !== undefined) this.textStart[i] = this.framer.close(out, before);
    this.frameStart[i + 1] = out.length;
    return this.textStart[i] - before;
  }

  /** The texts in memory of their own; the writer is empty afterwards. */
  finish(out: ByteWriter): RenderedTexts {
    const buffer = out.take();
    return { buffer, count: this.count, frameStart: this.frameStart, textStart: this.textStart };
  }
}
