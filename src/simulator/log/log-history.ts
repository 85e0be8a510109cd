import { RawContent, SubmissionContent } from './entry-content.js';
import type { EntryContent } from './entry-content.js';
import { fingerprint } from './log-entry.js';
import type { RawEntry, SimulatedEntry, Submission } from './log-entry.js';
import { TILE_WIDTH } from './merkle-tree.js';
import type { MerkleTree } from './merkle-tree.js';
import { completeRawEntry } from './raw-entry.js';

/** The appended entries of a log, published or not, and its Merkle tree. */
export class LogHistory {
  /** Issuer certificates by lowercase hex of their SHA-256. */
  readonly issuers = new Map<string, Buffer>();
  /** Entries from {@link start} on. */
  private readonly contents: EntryContent[] = [];
  private readonly timestamps: number[] = [];
  private pruned = 0;
  private readonly knownChains = new WeakSet<readonly Buffer[]>();

  /**
   * @param withLeafIndex whether appended submissions have the leaf_index extension.
   * @param preferTileLeaf whether the TileLeaf of a raw entry determines its MerkleTreeLeaf when both are given.
   */
  constructor(
    readonly tree: MerkleTree,
    private readonly withLeafIndex: boolean,
    private readonly preferTileLeaf: boolean,
  ) {}

  get size(): number {
    return this.tree.size;
  }

  /** Index of the oldest entry. */
  get start(): number {
    return this.tree.prefixSize + this.pruned;
  }

  /**
   * Removes old entries, and the parts of the tree that only they need, so that about `keep` remain. A pruned history
   * cannot be forked.
   */
  prune(keep: number): void {
    if (this.contents.length < 2 * keep) return;
    const end = this.size - keep;
    const count = end - (end % TILE_WIDTH) - this.start;
    this.contents.splice(0, count);
    this.timestamps.splice(0, count);
    this.pruned += count;
    this.tree.prune(this.start);
  }

  append(submission: Submission, timestamp: number): void {
    this.addIssuers(submission.chain);
    this.push(SubmissionContent.of(submission, this.withLeafIndex), timestamp);
  }

  appendRaw(raw: RawEntry): void {
    this.addIssuers(raw.issuers ?? []);
    const complete = completeRawEntry(this.leading(raw), (hex) => this.issuers.get(hex));
    this.addIssuers(complete.chain);
    this.push(new RawContent(complete), complete.timestamp);
  }

  /** Returns only the form that determines the leaf. The other form is derived from it. */
  private leading(raw: RawEntry): RawEntry {
    const { leafInput, extraData, tileLeaf } = raw;
    const useTileLeaf = tileLeaf !== undefined && (this.preferTileLeaf || leafInput === undefined);
    return {
      ...(useTileLeaf ? { tileLeaf } : leafInput && { leafInput }),
      ...(extraData && { extraData }),
    };
  }

  private push(content: EntryContent, timestamp: number): void {
    const index = this.size;
    this.contents.push(content);
    this.timestamps.push(timestamp);
    this.tree.append(content.leafHash(index, timestamp));
  }

  addIssuers(chain: readonly Buffer[]): void {
    if (this.knownChains.has(chain)) return;
    this.knownChains.add(chain);
    for (const der of chain) this.issuers.set(fingerprint(der).toString('hex'), der);
  }

  /** Returns an entry in every form. @throws RangeError for an unknown index. */
  entry(index: number): SimulatedEntry {
    const { content, timestamp } = this.at(index);
    return {
      index,
      timestamp,
      type: content.type,
      domains: content.domains,
      submittedDer: content.submittedDer,
      chain: content.chain,
      leafInput: content.leafInput(index, timestamp),
      extraData: content.extraData,
      tileLeaf: content.tileLeaf(index, timestamp),
      ...(content.serialNumber && { serialNumber: content.serialNumber }),
      ...(content.profile && { profile: content.profile }),
    };
  }

  /** Appends the JSON of one get-entries element to `parts`. */
  json(index: number, parts: Buffer[]): void {
    const { content, timestamp } = this.at(index);
    content.json(index, timestamp, parts);
  }

  tileLeaf(index: number): Buffer {
    const { content, timestamp } = this.at(index);
    return content.tileLeaf(index, timestamp);
  }

  private at(index: number): { content: EntryContent; timestamp: number } {
    const content = this.contents[index - this.start];
    const timestamp = this.timestamps[index - this.start];
    if (!content || timestamp === undefined) throw new RangeError(`no entry ${index}`);
    return { content, timestamp };
  }

  /** Returns the index of the entry below `end` with this leaf hash, or -1. Reads every hash, the newest first. */
  indexOfLeaf(hashOfLeaf: Buffer, end: number): number {
    for (let index = end - 1; index >= this.start; index--) {
      if (this.tree.node(0, index).equals(hashOfLeaf)) return index;
    }
    return -1;
  }

  /** Returns a second history with the same entries below `index`. */
  fork(index: number): LogHistory {
    const copy = new LogHistory(this.tree.fork(index), this.withLeafIndex, this.preferTileLeaf);
    for (let i = this.start; i < index; i++) {
      const { content, timestamp } = this.at(i);
      copy.contents.push(content);
      copy.timestamps.push(timestamp);
    }
    for (const [hex, der] of this.issuers) copy.issuers.set(hex, der);
    return copy;
  }

  /** Grows a forked history to `size` with altered copies of the entries of the original. */
  growFrom(original: LogHistory, size: number): void {
    for (const [hex, der] of original.issuers) this.issuers.set(hex, der);
    while (this.size < size) {
      const { content, timestamp } = original.at(this.size);
      this.push(content.forked(), timestamp);
    }
  }
}
