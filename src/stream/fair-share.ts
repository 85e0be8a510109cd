/**
 * How much each may have when all together may have `most`: who wants less gets that, and the others get the same.
 * @param wanted is sorted in place.
 * @returns a whole number; Infinity when there is enough for all.
 */
export function fairShare(wanted: Float64Array, most: number): number {
  let left = most;
  let others = wanted.length;
  for (const amount of wanted.sort()) {
    const share = left / others--;
    if (amount > share) return Math.floor(share);
    left -= amount;
  }
  return Infinity;
}
