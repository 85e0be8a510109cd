import { EntryBatchBuilder } from '../../certificate/entry-batch-builder.js';
import { CtMalformedError } from '../ct-log-error.js';
import { locateTileLeaf } from './tile-leaf.js';

/**
 * Locates all leaves of a data tile (static-ct-api): exactly `width` of them and nothing after.
 * @param firstIndex log index of the tile's first leaf.
 * @throws CtMalformedError (`CT_MALFORMED_TILE`), CtLeafIndexError
 */
export function locateDataTile(bytes: Buffer, firstIndex: number, width: number): EntryBatchBuilder {
  const builder = new EntryBatchBuilder(width);
  let at = 0;
  for (let i = 0; i < width; i++) at = locateTileLeaf(builder, bytes, at, firstIndex + i);
  if (at !== bytes.length) {
    throw new CtMalformedError(
      'TILE',
      `the data tile at index ${firstIndex} has more than its ${width} leaves`,
    );
  }
  return builder;
}
