import type { ByteWriter } from './byte-writer.js';

/** The three streams: `full` has all fields, `lite` lacks chain and DER, `domains` has domain names only. */
export type StreamKind = 'full' | 'lite' | 'domains';

/**
 * All texts of one stream for one batch in contiguous memory. Frame i is `buffer[frameStart[i], frameStart[i + 1])`,
 * text i is `buffer[textStart[i], frameStart[i + 1])`.
 */
export interface RenderedTexts {
  readonly buffer: Buffer;
  readonly count: number;
  /** `count + 1` values. */
  readonly frameStart: Uint32Array;
  /** `count` values. */
  readonly textStart: Uint32Array;
}

/** Lite texts with the offsets that the other streams need, relative to the start of each text. */
export interface LiteTexts extends RenderedTexts {
  /** 1 for each text with a `parse_error`, else 0. */
  readonly parseErrors: Uint8Array;
  /** Start and end of the `all_domains` array. */
  readonly domainsStart: Uint32Array;
  readonly domainsEnd: Uint32Array;
}

/** Puts bytes in front of each text, for example the header of a WebSocket frame. */
export interface TextFramer {
  /** Writes or reserves the bytes in front of the text. */
  open(out: ByteWriter): void;
  /**
   * Completes the frame of the text `out.buffer[textStart, out.length)`. It may move the text and change `out.length`
   * accordingly, but the text must not begin before the length at `open`, and no bytes may follow it.
   * @returns the new start of the text.
   */
  close(out: ByteWriter, textStart: number): number;
}

/** Records the starts of frames and texts that are written one after the other from the start of a writer. */
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

  /** @returns the start of the text before {@link close} moves it. */
  open(out: ByteWriter): number {
    this.framer?.open(out);
    return (this.textStart[this.written] = out.length);
  }

  /** @returns the number of octets by which the text was moved; remembered positions in it must be adjusted. */
  close(out: ByteWriter): number {
    const i = this.written++;
    const before = this.textStart[i];
    if (this.framer !== undefined) this.textStart[i] = this.framer.close(out, before);
    this.frameStart[i + 1] = out.length;
    return this.textStart[i] - before;
  }

  /** Takes the texts out of the writer, which is empty afterwards. */
  finish(out: ByteWriter): RenderedTexts {
    const buffer = out.take();
    return { buffer, count: this.count, frameStart: this.frameStart, textStart: this.textStart };
  }
}
