import type { BatchPlace } from '../../certificate/certificate-batch.js';
import type { RenderedTexts } from '../../certificate/rendered-texts.js';
import type { FrameBatch, FrameEncoding } from '../encoding/frame-encoding.js';
import type { SlicePart } from './shared-slice.js';

/** A batch whose texts of one stream, dialect and set of fields are requested. */
export interface TextSource {
  readonly firstIndex: number;
  readonly count: number;
  readonly place?: BatchPlace;
  /** Whether the texts of the whole batch are already written. */
  readonly isWritten: boolean;
  /** Returns the texts of all entries. The first call writes them. */
  all(): RenderedTexts;
  /** Returns the text of one entry and its frame. */
  one(i: number): RenderedTexts;
}

/** If at least one of this many entries is sent, it is cheaper to write the texts of the whole batch. */
const WHOLE_SHARE = 3;

/** The frames of one batch in one encoding. They are made when a group first needs them. */
export class BatchFrames {
  private whole: FrameBatch | undefined;
  private readonly singles = new Map<number, FrameBatch>();

  constructor(
    private readonly texts: TextSource,
    private readonly encoding: FrameEncoding,
    private readonly logUrl: string,
  ) {}

  /** Returns all entries. @throws when a text cannot be written or encoded. */
  all(): SlicePart {
    const { firstIndex, place } = this.texts;
    return { logUrl: this.logUrl, firstIndex, place, frames: this.encodeAll() };
  }

  /**
   * Returns the entries at some positions, one part per run of consecutive positions.
   * @param positions ascending.
   * @param isPiece whether the other entries are requested as well, so that the texts of the whole batch are written.
   * @throws when a text cannot be written or encoded.
   */
  at(positions: ArrayLike<number>, isPiece = false): SlicePart[] {
    const { texts } = this;
    if (positions.length === texts.count) return [this.all()];
    const isFew = !isPiece && positions.length * WHOLE_SHARE < texts.count;
    if (isFew && this.whole === undefined && !texts.isWritten)
      return Array.from(positions, (i) => this.partOf(i, this.encodeOne(i)));
    const { buffer, frameStart } = this.encodeAll();
    const parts: SlicePart[] = [];
    for (let k = 0; k < positions.length;) {
      const from = positions[k];
      let to = from + 1;
      for (k++; k < positions.length && positions[k] === to; k++) to++;
      parts.push(
        this.partOf(from, { buffer, count: to - from, frameStart: frameStart.subarray(from, to + 1) }),
      );
    }
    return parts;
  }

  private partOf(i: number, frames: FrameBatch): SlicePart {
    const { firstIndex, place } = this.texts;
    return {
      logUrl: this.logUrl,
      firstIndex: firstIndex + i,
      place: place && { seq: place.seq, offset: place.offset + i },
      frames,
    };
  }

  private encodeAll(): FrameBatch {
    return (this.whole ??= this.encoding.encode(this.texts.all(), this.texts.place));
  }

  private encodeOne(i: number): FrameBatch {
    const known = this.singles.get(i);
    if (known !== undefined) return known;
    const { place } = this.texts;
    const frames = this.encoding.encode(
      this.texts.one(i),
      place && { seq: place.seq, offset: place.offset + i },
    );
    this.singles.set(i, frames);
    return frames;
  }
}
