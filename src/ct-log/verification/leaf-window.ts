import { HASH_BYTES } from '../client/merkle/tree-hash.js';

/** Maximum number of leaf hashes: 1 MiB per log, reached only if a log serves no proofs for a long time. */
const CAPACITY = 32_768;
const FIRST_CAPACITY = 256;

/** LeafWindow holds the leaf hashes of the newest streamed entries that are not proven: `[start, end)`. */
export class LeafWindow {
  private bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY * HASH_BYTES);
  private count = 0;

  constructor(private first = 0) {}

  get start(): number {
    return this.first;
  }

  get end(): number {
    return this.first + this.count;
  }

  /** Removes all hashes. The next hash is that of the entry at `index`. */
  restart(index: number): void {
    this.first = index;
    this.count = 0;
  }

  /** Appends hashes `from` to `to` (exclusive) of `hashes`. Without room for them, all older hashes are removed first. */
  push(hashes: Buffer, from: number, to: number): void {
    if (this.count + to - from > CAPACITY) this.restart(this.end);
    this.reserve(this.count + to - from);
    hashes.copy(this.bytes, this.count * HASH_BYTES, from * HASH_BYTES, to * HASH_BYTES);
    this.count += to - from;
  }

  /** Whether the hash of the entry at `index`, which must be in the window, equals hash `i` of `hashes`. */
  has(index: number, hashes: Buffer, i: number): boolean {
    const at = (index - this.first) * HASH_BYTES;
    return this.bytes.compare(hashes, i * HASH_BYTES, (i + 1) * HASH_BYTES, at, at + HASH_BYTES) === 0;
  }

  /** Sets the hash of the entry at `index`, which was streamed again, to hash `i` of `hashes`. */
  replace(index: number, hashes: Buffer, i: number): void {
    hashes.copy(this.bytes, (index - this.first) * HASH_BYTES, i * HASH_BYTES, (i + 1) * HASH_BYTES);
  }

  /** Removes the hashes of the entries before `index`, which are proven. */
  dropBefore(index: number): void {
    const dropped = Math.min(this.count, index - this.first);
    if (index >= this.end) return this.restart(index);
    if (dropped <= 0) return;
    this.bytes.copyWithin(0, dropped * HASH_BYTES, this.count * HASH_BYTES);
    this.first += dropped;
    this.count -= dropped;
  }

  /** Calls `use` with all hashes. */
  replay<T>(use: (hashes: Buffer, count: number) => T): T {
    return use(this.bytes, this.count);
  }

  private reserve(count: number): void {
    if (count * HASH_BYTES <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, count * HASH_BYTES));
    this.bytes.copy(grown, 0, 0, this.count * HASH_BYTES);
    this.bytes = grown;
  }
}
