import { EntryBatchBuilder } from '../../../certificate/entry-batch-builder.js';
import { CtLogError, CtMalformedError } from '../ct-log-error.js';
import { locateTileLeaf } from './tile-leaf.js';

/** The leaves of a data tile up to the first that cannot be read. */
export interface LocatedTile {
  readonly builder: EntryBatchBuilder;
  /** Why there are fewer than expected, or what is wrong with one that was passed over. */
  readonly defect?: CtLogError;
}

/**
 * Locates all leaves of a data tile (static-ct-api): exactly `width` of them and nothing after.
 * @param firstIndex log index of the tile's first leaf.
 * @throws CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError
 */
export function locateDataTile(bytes: Buffer, firstIndex: number, width: number): EntryBatchBuilder {
  const { builder, defect } = locateLeaves(bytes, firstIndex, width);
  if (defect !== undefined) throw defect;
  return builder;
}

/**
 * Locates the leaves of a data tile as far as they can be read.
 * @param firstIndex log index of the tile's first leaf.
 * @param from log index of the first leaf that is wanted: those before it need not say their right index.
 * @throws CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError: the leaf at `from` cannot be read, or something is
 * behind the last one.
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
