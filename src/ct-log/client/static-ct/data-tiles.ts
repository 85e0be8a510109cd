import type { EntryBatch, LogSource } from '../../../certificate/entry-batch.js';
import { sliceEntryBatch } from '../../../certificate/entry-batch-builder.js';
import { maxAnswerBytes } from '../answer-limit.js';
import type { ClientProblems } from '../client-problems.js';
import { CtLeafIndexError, CtLogError, isAbsent } from '../ct-log-error.js';
import { locateLeaves } from './data-tile.js';
import type { IssuerResolver } from './issuer-resolver.js';
import { dataTilePath, TILE_WIDTH } from './tile-path.js';

/** Tiles that wait for issuers: one for the next entries, and one for a gap. */
const MAX_WAITING = 2;
/** Largest tile that waits, because no room is charged for it. A larger tile, which no honest log has, is fetched again. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** DataTiles reads the entries of one log from its data tiles, with their issuers (static-ct-api). */
export class DataTiles {
  /** A tile that callers request in pieces, until its last piece is returned. */
  private opened: EntryBatch | undefined;
  /** Index at which its next piece begins. */
  private openedAt = 0;
  /** The last tiles whose issuers are not fetched yet, by the requested index. */
  private readonly waiting = new Map<number, { readonly tile: EntryBatch; readonly width: number }>();

  constructor(
    private readonly source: LogSource,
    private readonly get: (path: string, signal: AbortSignal, maxBytes: number) => Promise<Buffer>,
    private readonly issuers: IssuerResolver,
    private readonly problems: ClientProblems,
  ) {}

  /**
   * Returns the entries from `start` on, at most to the end of its tile or to the first malformed leaf after `start`.
   * @param treeSize size of a tree that contains `end`; decides between the full and a partial tile.
   * @throws the errors of `get` and of the issuers, CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError
   */
  async entries(start: number, end: number, treeSize: number, signal: AbortSignal): Promise<EntryBatch> {
    const tileStart = start - (start % TILE_WIDTH);
    const width = Math.min(TILE_WIDTH, treeSize - tileStart);
    // Entries that are requested again may have been wrong, so they are fetched from the log.
    const opened = start === this.openedAt ? this.opened : undefined;
    const tile = opened ?? (await this.open(start, width, signal));
    const pieceEnd = Math.min(end, tileStart + TILE_WIDTH, tile.firstIndex + tile.count);
    const isKept = pieceEnd < tile.firstIndex + tile.count && tile.bytes.length <= MAX_WAITING_BYTES;
    this.opened = isKept ? tile : undefined;
    this.openedAt = pieceEnd;
    return sliceEntryBatch(tile, start - tile.firstIndex, pieceEnd - tile.firstIndex);
  }

  /** Returns the first `width` leaves of a tile, from `start` on, with their issuers. */
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
        this.problems.note(defect.code, `${defect.message}; the other entries are read`);
      return sliceEntryBatch(tile, start - tileStart, width);
    } catch (error) {
      if (error instanceof CtLogError) {
        // The leaves after one with a wrong index can be read, because its end is known.
        const to = error instanceof CtLeafIndexError ? start + 1 : tileStart + width;
        error.entries = { to, next: 'least' };
      }
      throw error;
    }
  }

  /** Fetches a tile. A partial tile may be removed when the full one exists: then it fetches the full one. */
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
