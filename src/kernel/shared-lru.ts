interface Kept<Value> {
  readonly value: Value;
  readonly size: number;
  readonly owner: string;
}

interface Share<Value> {
  /** Least recently used first. */
  readonly kept: Map<string, Kept<Value>>;
  size: number;
}

export interface SharedLruBounds {
  readonly maxCount: number;
  readonly maxSize: number;
}

/**
 * SharedLru keeps values for several owners within common bounds. If it is full, the owner that takes most loses its least recently used
 * value. So an owner with many values does not evict those of the others.
 */
export class SharedLru<Value> {
  private readonly shares = new Map<string, Share<Value>>();
  private readonly owners = new Map<string, string>();
  private size = 0;

  constructor(private readonly bounds: SharedLruBounds) {}

  get(key: string): Value | undefined {
    const share = this.shares.get(this.owners.get(key) ?? '');
    const kept = share?.kept.get(key);
    if (share === undefined || kept === undefined) return undefined;
    share.kept.delete(key);
    share.kept.set(key, kept);
    return kept.value;
  }

  has(key: string): boolean {
    return this.owners.has(key);
  }

  /** Keeps a value for `owner`; a value with the same key is replaced. */
  set(key: string, value: Value, size: number, owner: string): void {
    this.delete(key);
    const share = this.shares.get(owner) ?? { kept: new Map<string, Kept<Value>>(), size: 0 };
    this.shares.set(owner, share);
    share.kept.set(key, { value, size, owner });
    share.size += size;
    this.size += size;
    this.owners.set(key, owner);
    while (this.owners.size > this.bounds.maxCount) this.evict(({ kept }) => kept.size);
    while (this.size > this.bounds.maxSize) this.evict((each) => each.size);
  }

  delete(key: string): void {
    const owner = this.owners.get(key);
    const share = owner === undefined ? undefined : this.shares.get(owner);
    const kept = share?.kept.get(key);
    if (owner === undefined || share === undefined || kept === undefined) return;
    share.kept.delete(key);
    share.size -= kept.size;
    this.size -= kept.size;
    this.owners.delete(key);
    if (share.kept.size === 0) this.shares.delete(owner);
  }

  /** Returns all values: the most recently used ones of each owner last. */
  values(): readonly Value[] {
    const ranked = [...this.shares.values()].flatMap(({ kept }) =>
      [...kept.values()].map(({ value }, i) => ({ value, rank: kept.size - i })),
    );
    return ranked.sort((one, other) => other.rank - one.rank).map(({ value }) => value);
  }

  private evict(weight: (share: Share<Value>) => number): void {
    let heaviest: Share<Value> | undefined;
    for (const share of this.shares.values())
      if (heaviest === undefined || weight(share) > weight(heaviest)) heaviest = share;
    const [oldest] = heaviest?.kept.keys() ?? [];
    if (oldest !== undefined) this.delete(oldest);
  }
}
