/** Names one after the other in one piece of memory, as the matchers of filters read them. */
export interface PackedNames {
  readonly octets: Buffer;
  /** Start of each name, and the end of the last one. */
  readonly starts: readonly number[];
}

export function packNames(names: readonly string[]): PackedNames {
  const starts = [0];
  for (const name of names) starts.push(starts.at(-1)! + Buffer.byteLength(name));
  return { octets: Buffer.from(names.join('')), starts };
}
