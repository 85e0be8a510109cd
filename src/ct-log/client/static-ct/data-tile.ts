import { EntryBatchBuilder } from '../../../certificate/entry-batch-builder.js';
import { CtLogError, CtMalformedError } from '../ct-log-error.js';
import { locateTileLeaf } from './tile-leaf.js';

/** The leaves of a data tile up to the first malformed one. */
export interface LocatedTile {
  readonly builder: EntryBatchBuilder;
  /** The error of the malformed leaf at which the tile ends, or of a skipped leaf. */
  readonly defect?: CtLogError;
}

/**
 * Locates all leaves of a data tile (static-ct-api), which must have exactly `width` leaves.
 * @param firstIndex log index of the first leaf of the tile.
 * @throws CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError
 */
export function locateDataTile(bytes: Buffer, firstIndex: number, width: number): EntryBatchBuilder {
  const { builder, defect } = locateLeaves(bytes, firstIndex, width);
  if (defect !== undefined) throw defect;
  return builder;
}

/**
 * Locates the leaves of a data tile up to the first malformed one.
 * @param firstIndex log index of the first leaf of the tile.
 * @param from log index of the first wanted leaf: leaves before it may have a wrong leaf_index.
 * @throws CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError if the leaf at `from` is malformed, or bytes follow the last
 * leaf.
 */
export function locateLeaves(
  bytes: Buffer,
  firstIndex: number,
  width: number,
  from = firstIndex,
): LocatedTile {
  const builder = new EntryBatchBuilder('data-tile', width);
  let at = 0;
  let defect: CtLogError | undefined;
  for (let index = firstIndex; index < firstIndex + width; index++) {
    try {
      at = locateTileLeaf(builder, bytes, at, index);
    } catch (error) {
      if (!(error instanceof CtLogError) || index === from) throw error;
      if (index > from) return { builder, defect: error };
      at = locateTileLeaf(builder, bytes, at, index, false);
      defect = error;
    }
  }
  if (at !== bytes.length) {
    throw new CtMalformedError(
      'TILE',
      `the data tile at index ${firstIndex} has more than its ${width} leaves`,
    );
  }
  return { builder, defect };
}
