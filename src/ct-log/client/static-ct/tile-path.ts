/** Entries of a full tile (static-ct-api, tlog-tiles). */
export const TILE_WIDTH = 256;

/** Formats a tile index as a path of 3-digit groups, all but the last with prefix `x`, for example `x001/x234/067`. */
function tileIndexPath(index: number): string {
  let path = group(index % 1000);
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${group(rest % 1000)}/${path}`;
  }
  return path;
}

/**
 * Returns the path of a data tile below the monitoring prefix.
 * @param width entries of a partial tile, 1..255; {@link TILE_WIDTH} for the full one.
 */
export function dataTilePath(index: number, width: number = TILE_WIDTH): string {
  return `tile/data/${tileIndexPath(index)}${partial(width)}`;
}

/** Returns the path of a Merkle tree tile of `level` 0..5. */
export function hashTilePath(level: number, index: number, width: number = TILE_WIDTH): string {
  return `tile/${level}/${tileIndexPath(index)}${partial(width)}`;
}

function partial(width: number): string {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH)
    throw new RangeError(`tile width ${width}`);
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}

function group(value: number): string {
  return String(value).padStart(3, '0');
}
