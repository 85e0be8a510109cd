import type { EntryBatch, LogSource } from '../../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../../certificate/entry-batch-builder.js';
import { maxAnswerBytes } from '../answer-limit.js';
import type { ClientProblems } from '../client-problems.js';
import { CtLeafIndexError, CtLogError, isAbsent } from '../ct-log-error.js';
import { locateLeaves } from './data-tile.js';
import type { IssuerResolver } from './issuer-resolver.js';
import { dataTilePath, TILE_WIDTH } from './tile-path.js';

/** What is wanted next, and what a gap is filled with. */
const MAX_WAITING = 2;
/** No room is charged for a tile that waits: larger ones, which no honest log has, are asked for again. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Entries of one log out of its data tiles, with their issuers (static-ct-api). */
export class DataTiles {
  /** A tile that was asked for in pieces, until its last piece went out. */
  private opened: EntryBatch | undefined;
  /** Where its next piece begins. */
  private openedAt = 0;
  /** Tiles whose issuers have not come yet, by where they were asked for; those that were tried last. */
  private readonly waiting = new Map<number, { readonly tile: EntryBatch; readonly width: number }>();

  constructor(
    private readonly source: LogSource,
    private readonly get: (path: string, signal: AbortSignal, maxBytes: number) => Promise<Buffer>,
    private readonly issuers: IssuerResolver,
    private readonly problems: ClientProblems,
  ) {}

  /**
   * Entries from `start` on, at most to the end of its tile; to the first leaf that cannot be read, if that lies behind.
   * @param treeSize of the tree that `end` lies in: what it fills is asked for in full, else as far as it goes.
   * @throws what `get` and the issuers throw, CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError
   */
  async entries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    const tileStart = start - (start % TILE_WIDTH);
    const width = Math.min(TILE_WIDTH, treeSize - tileStart);
    // What is asked for again may have been wrong: that comes from the log.
    const opened = start === this.openedAt ? this.opened : undefined;
    const tile = opened ?? (await this.open(start, width, signal));
    const pieceEnd = Math.min(end, tileStart + TILE_WIDTH, tile.firstIndex + tile.count);
    const isKept = pieceEnd < tile.firstIndex + tile.count && tile.bytes.length <= MAX_WAITING_BYTES;
    this.opened = isKept ? tile : undefined;
    this.openedAt = pieceEnd;
    return sliceEntryBatch(tile, start - tile.firstIndex, pieceEnd - tile.firstIndex);
  }

  /** The first `width` leaves of a tile, from `start` on, with their issuers. */
  private async open(start: number, width: number, signal: AbortSignal): Promise<EntryBatch> {
    const waiting = this.waiting.get(start);
    this.waiting.delete(start);
    const tile = waiting?.width === width ? waiting.tile : await this.download(start, width, signal);
    try {
      return { ...tile, issuers: await this.issuers.resolve(tile, signal) };
    } catch (error) {
      if (tile.bytes.length <= MAX_WAITING_BYTES) this.waiting.set(start, { tile, width });
      if (this.waiting.size > MAX_WAITING) this.waiting.delete(this.waiting.keys().next().value!);
      throw error;
    }
  }

  private async download(start: number, width: number, signal: AbortSignal): Promise<EntryBatch> {
    const tileStart = start - (start % TILE_WIDTH);
    try {
      const { bytes, loaded } = await this.fetch(tileStart / TILE_WIDTH, width, signal);
      const head = { source: this.source, firstIndex: tileStart, bytes, seen: Date.now() };
      const { builder, defect } = locateLeaves(bytes, tileStart, loaded, start);
      const tile = builder.build(head);
      if (defect !== undefined)
        this.problems.note(defect.code, `${defect.message}; the entries apart from it are read`);
      return sliceEntryBatch(tile, start - tileStart, width);
    } catch (error) {
      if (error instanceof CtLogError) {
        // Behind a leaf whose end is known, the others can be found.
        const to = error instanceof CtLeafIndexError ? start + 1 : tileStart + width;
        error.entries = { to, next: 'least' };
      }
      throw error;
    }
  }

  /** A partial tile may be gone as soon as the full one exists: then that one, to be cut. */
  private async fetch(
    index: number,
    width: number,
    signal: AbortSignal,
  ): Promise<{ bytes: Buffer; loaded: number }> {
    try {
      const bytes = await this.get(dataTilePath(index, width), signal, maxAnswerBytes(width));
      return { bytes, loaded: width };
    } catch (error) {
      if (!isAbsent(error) || width === TILE_WIDTH) throw error;
      const bytes = await this.get(dataTilePath(index), signal, maxAnswerBytes(TILE_WIDTH));
      return { bytes, loaded: TILE_WIDTH };
    }
  }
}
