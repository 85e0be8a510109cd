import type { DialectName } from '../../certificate/dialects/dialect.js';
import { DIALECTS } from '../../certificate/dialects/dialect-writers.js';
import type { BatchPlace, EntryBatch } from '../../certificate/entry-batch.js';
import type { RenderedTexts, StreamKind } from '../../certificate/rendered-texts.js';
import { BatchFrames } from './batch-frames.js';
import type { SlicePart } from './shared-slice.js';
import type { GroupOptions } from './subscriber-group.js';
import type { EntryRun } from './subscriber-queue.js';

/** Consecutive entries of one log and their texts, such as a `CertificateBatch`. */
export interface StreamBatch {
  readonly source: { readonly url: string };
  readonly firstIndex: number;
  readonly count: number;
  /** Undefined when the journal already held the entries. */
  readonly place?: BatchPlace;
  readonly entries: EntryBatch;
  hasParseError(i: number): boolean;
  texts(kind: StreamKind, dialect: DialectName, enrich: boolean): RenderedTexts;
  /** Whether the texts of all entries are already written. */
  hasTexts(kind: StreamKind, dialect: DialectName, enrich: boolean): boolean;
  /** Returns the entry `i` as a batch. */
  single(i: number): StreamBatch;
}

/** A receiver of frames in one dialect and encoding, such as a group. */
export interface FrameReceiver {
  readonly options: Pick<GroupOptions, 'dialect' | 'enrich' | 'encoding'>;
  publish(part: SlicePart): void;
  /** Receives entries that cannot be sent. */
  lose(...run: EntryRun): void;
}

/** Passes the frames of one batch to the receivers of a stream. Receivers with the same choices get the same octets. */
export class BatchDelivery {
  private readonly frames = new Map<string, BatchFrames>();

  /** @param onError is called with the error of a text that cannot be written. */
  constructor(
    private readonly kind: StreamKind,
    readonly batch: StreamBatch,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * Passes the frames of entries to a receiver in order. An entry whose text cannot be written is passed as lost.
   * @param positions ascending; undefined for all entries.
   * @param isPiece whether the receiver gets the other entries in other calls, so that the texts of all are needed.
   */
  sendTo(receiver: FrameReceiver, positions?: ArrayLike<number>, isPiece = false): void {
    const { batch } = this;
    const logUrl = DIALECTS[receiver.options.dialect].sourceUrl(batch.source.url);
    let parts: readonly SlicePart[];
    try {
      const frames = this.framesFor(receiver.options, logUrl);
      parts = positions === undefined ? [frames.all()] : frames.at(positions, isPiece);
    } catch (error) {
      if (batch.count > 1) return this.sendSingly(receiver, positions);
      this.onError(error);
      return receiver.lose(logUrl, batch.firstIndex, 1, batch.place);
    }
    for (const part of parts) receiver.publish(part);
  }

  private sendSingly(receiver: FrameReceiver, positions?: ArrayLike<number>): void {
    const { batch, kind, onError } = this;
    const wanted = positions ?? Array.from({ length: batch.count }, (_, i) => i);
    for (let k = 0; k < wanted.length; k++)
      new BatchDelivery(kind, batch.single(wanted[k]), onError).sendTo(receiver);
  }

  private framesFor({ dialect, enrich, encoding }: FrameReceiver['options'], logUrl: string): BatchFrames {
    const { kind, batch } = this;
    const key = `${dialect} ${enrich} ${encoding.name}`;
    const known = this.frames.get(key);
    if (known !== undefined) return known;
    const { firstIndex, count, place } = batch;
    const texts = {
      firstIndex,
      count,
      place,
      get isWritten() {
        return batch.hasTexts(kind, dialect, enrich);
      },
      all: () => batch.texts(kind, dialect, enrich),
      one: (i: number) => batch.single(i).texts(kind, dialect, enrich),
    };
    const frames = new BatchFrames(texts, encoding, logUrl);
    this.frames.set(key, frames);
    return frames;
  }
}
