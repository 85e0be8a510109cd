import { readEntries } from './log/entry-file.js';
import { FaultSet } from './faults/faults.js';
import { fingerprint } from './log/log-entry.js';
import type { RawEntry, SimulatedEntry, Submission, SubmissionSource } from './log/log-entry.js';
import { LogGrowth } from './log/log-growth.js';
import type { GrowthOptions } from './log/log-growth.js';
import { LogHistory } from './log/log-history.js';
import { LogKey } from './log/log-key.js';
import { MerkleTree, TILE_WIDTH } from './log/merkle-tree.js';
import type { ServedLog } from './log/request-context.js';
import { RequestLog } from './log/request-log.js';
import type { LoggedRequest } from './log/request-log.js';
import { resolveLogOptions } from './log/simulated-log-options.js';
import type { LogState, ResolvedLogOptions, SimulatedLogOptions } from './log/simulated-log-options.js';
import { signTreeHead } from './log/tree-head.js';
import type { TreeHead } from './log/tree-head.js';

const TILE_LEVELS = 6;

/** A log. Entries become visible when a head that covers them is published. */
export class SimulatedLog implements ServedLog {
  readonly options: ResolvedLogOptions;
  /** The key that signs heads; {@link changeKey} replaces it. */
  key: LogKey;
  /** The key in the log list. Can be set at run time. */
  listedKey: LogKey;
  readonly faults: FaultSet;
  readonly requests: RequestLog;
  readonly history: LogHistory;
  /** State in the log list, or null for none. Can be set at run time. */
  state: LogState | null;
  /** Milliseconds since the epoch. */
  stateTimestamp = Date.now();
  /** Is called with each head that is published from now on. */
  onHead: ((head: TreeHead) => void) | undefined;
  /** Whether the log list contains the log. Can be set at run time. */
  listed: boolean;
  private newestHead: TreeHead;
  private headBefore: TreeHead;
  private readonly publishedWidths = Array.from({ length: TILE_LEVELS }, () => new Set<number>());
  private readonly headWaiters = new Set<{ treeSize: number; resolve: (head: TreeHead) => void }>();
  private readonly growth: LogGrowth;

  /**
   * @param baseUrl base URL of the simulator, without trailing slash.
   * @param roots the certificates in the answer of get-roots.
   */
  constructor(
    options: SimulatedLogOptions,
    private readonly baseUrl: string,
    private readonly source: SubmissionSource,
    readonly roots: readonly Buffer[],
  ) {
    this.options = resolveLogOptions(options);
    this.key = new LogKey(this.options.keyType);
    this.listedKey = this.key;
    this.faults = new FaultSet(fingerprint(Buffer.from(options.name)).readUInt32BE(0));
    this.requests = new RequestLog(this.options.keepRequests);
    this.state = this.options.state;
    this.listed = this.options.listed;
    const { firstIndex, leafIndexExtension, protocol } = this.options;
    // With fillers, the log can serve and prove its newest entry.
    const fillers = firstIndex === 0 ? 0 : firstIndex % TILE_WIDTH || TILE_WIDTH;
    const tree = new MerkleTree(firstIndex - fillers);
    this.history = new LogHistory(tree, leafIndexExtension, protocol === 'static-ct');
    this.history.addIssuers(roots);
    this.growth = new LogGrowth(this);
    this.append(fillers + this.options.initialEntries);
    this.newestHead = this.sign(Date.now());
    this.headBefore = this.newestHead;
    this.rememberWidths();
  }

  /** Base URL with trailing slash; for static-ct the monitoring prefix. */
  get url(): string {
    return `${this.baseUrl}/${this.options.name}/`;
  }

  /** Submission prefix with trailing slash. */
  get submissionUrl(): string {
    return `${this.baseUrl}/${this.options.submissionName}/`;
  }

  /** Checkpoint origin: the submission prefix without scheme and trailing slash. */
  get origin(): string {
    return this.submissionUrl.replace(/^https?:\/\//, '').replace(/\/$/, '');
  }

  /** Number of leaves, published or not. */
  get size(): number {
    return this.history.size;
  }

  /** The newest published head. */
  get head(): TreeHead {
    return this.newestHead;
  }

  /** The head that was published before the newest one. */
  get previousHead(): TreeHead {
    return this.headBefore;
  }

  /**
   * Appends new entries. @param timestamp returns the timestamp of the n-th entry, milliseconds since the epoch;
   * default now.
   */
  append(count: number, timestamp?: (n: number) => number): void {
    const now = Date.now();
    for (let n = 0; n < count; n++) this.history.append(this.source.next(), timestamp?.(n) ?? now);
  }

  appendSubmission(submission: Submission, timestamp = Date.now()): void {
    this.history.append(submission, timestamp);
  }

  appendRaw(entry: RawEntry): void {
    this.history.appendRaw(entry);
  }

  /**
   * Appends the entries of a file in its order. The file has JSON lines, or one JSON object or array, with
   * `leaf_input` and `extra_data`, or `tile_leaf` (base64), and optionally `issuers` (base64 DER).
   * @returns the number of entries.
   */
  loadEntries(path: string): number {
    const entries = readEntries(path);
    for (const entry of entries) this.appendRaw(entry);
    return entries.length;
  }

  /** Adds an issuer that `/issuer/<hex>` serves, for entries whose file did not contain their chain. */
  addIssuer(der: Buffer): void {
    this.history.addIssuers([der]);
  }

  /** Signs with a new key from now on and publishes a head. The log list continues to name the old key. */
  changeKey(): void {
    this.key = new LogKey(this.options.keyType);
    this.publish();
  }

  /** Signs and publishes a head over all appended entries. Without new entries only the timestamp is new. */
  publish(timestamp = Date.now()): TreeHead {
    if (this.size > this.newestHead.treeSize) this.headBefore = this.newestHead;
    this.newestHead = this.sign(timestamp);
    this.rememberWidths();
    this.history.prune(this.options.keepEntries);
    this.announceHead();
    return this.newestHead;
  }

  /** Resolves with the first published head of at least `treeSize`. */
  waitForHead(treeSize: number): Promise<TreeHead> {
    if (this.newestHead.treeSize >= treeSize) return Promise.resolve(this.newestHead);
    return new Promise((resolve) => this.headWaiters.add({ treeSize, resolve }));
  }

  private announceHead(): void {
    this.onHead?.(this.newestHead);
    for (const waiter of this.headWaiters) {
      if (this.newestHead.treeSize < waiter.treeSize) continue;
      this.headWaiters.delete(waiter);
      waiter.resolve(this.newestHead);
    }
  }

  private sign(timestamp: number): TreeHead {
    return signTreeHead(this.key, this.size, timestamp, this.history.tree.root());
  }

  private rememberWidths(): void {
    const { treeSize } = this.newestHead;
    this.publishedWidths.forEach((sizes, level) => {
      sizes.add(Math.floor(treeSize / TILE_WIDTH ** level));
      const oldest = Math.floor(this.history.start / TILE_WIDTH ** level);
      if (this.history.start > this.history.tree.prefixSize)
        for (const size of sizes) {
          if (size >= oldest) break;
          sizes.delete(size);
        }
    });
  }

  /** Whether some published head had `count` complete subtrees of `256^level` leaves. */
  wasPublished(level: number, count: number): boolean {
    return this.publishedWidths[level]?.has(count) ?? false;
  }

  /** Returns one entry, published or not, in every form. @throws RangeError for an unknown index. */
  entry(index: number): SimulatedEntry {
    return this.history.entry(index);
  }

  /** Grows at the given rate until {@link stop}. The rate is exact on average. */
  start(options: GrowthOptions): void {
    this.growth.start(options);
  }

  /** Stops the growth and publishes all appended entries. */
  stop(): void {
    this.growth.stop();
  }

  /** Resolves with the next answered request that satisfies the predicate. */
  waitForRequest(predicate?: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    return this.requests.next(predicate);
  }

  setState(state: LogState | null): void {
    this.state = state;
    this.stateTimestamp = Date.now();
  }
}
