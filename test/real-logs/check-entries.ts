import { leafIndexExtension } from '../../src/simulator/log/log-entry.js';
import { leafHash, MerkleTree } from '../../src/simulator/log/merkle-tree.js';
import { differences, expectedRecord } from './entry-record.js';
import { type LogSubmitter, merkleTreeLeaf, type PromisedEntry } from './log-submitter.js';
import type { LogFront, PublishedHead, RealLog } from './real-log.js';
import type { StreamFollower } from './stream-follower.js';

export interface CheckResult {
  readonly mistakes: readonly string[];
  /** Lines of a table. */
  readonly table: readonly string[];
}

type Entries = readonly (PromisedEntry | undefined)[];

/** Holds the messages of all clients against the submissions, and the tree of the submissions against the signed head of the log. */
export class EntryCheck {
  private readonly mistakes: string[] = [];
  private readonly table = [
    '| log | through | client | connections | expected | right | wrong | missing | again after a kill |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ];

  constructor(
    private readonly log: RealLog,
    private readonly fronts: readonly LogFront[],
    private readonly followers: readonly StreamFollower[],
    private readonly submitter: LogSubmitter,
  ) {}

  run(head: PublishedHead): CheckResult {
    const { mistakes, followers, fronts, table } = this;
    mistakes.push(...followers.flatMap((follower) => follower.mistakes));
    const entries = Array.from({ length: head.size }, (_, index) => this.entryAt(index));
    for (const front of fronts) for (const follower of followers) this.compare(front, follower, entries);
    this.checkTree(entries, head);
    return { mistakes, table };
  }

  private compare({ name, url }: LogFront, follower: StreamFollower, entries: Entries): void {
    let [wrong, missing] = [0, 0];
    for (const [index, entry] of entries.entries()) {
      const found = follower.of(url, index);
      if (found === undefined) missing++;
      else if (entry === undefined) wrong++;
      if (found === undefined || entry === undefined) continue;
      const different = differences(found, expectedRecord(entry, index, this.log, follower.isFull));
      if (different.length > 0) wrong++;
      const { shape, type } = entry.submission;
      this.mistakes.push(
        ...different.map(
          (text) => `${follower.name} through ${name}, entry ${index}, ${type} '${shape}': ${text}`,
        ),
      );
    }
    if (missing > 0) this.mistakes.push(`${follower.name} through ${name}: ${missing} entries are missing`);
    const right = entries.length - wrong - missing;
    const { name: client, connections, repeated } = follower;
    const columns = [
      this.log.name,
      name,
      client,
      connections,
      entries.length,
      right,
      wrong,
      missing,
      repeated,
    ];
    this.table.push(`| ${columns.join(' | ')} |`);
  }

  private checkTree(found: Entries, { rootHash }: PublishedHead): void {
    const entries = found.filter((entry) => entry !== undefined);
    if (entries.length < found.length) return;
    const tree = new MerkleTree();
    for (const { leaf } of entries) tree.append(leafHash(leaf));
    if (!tree.root().equals(rootHash))
      this.mistakes.push('the tree of the submitted entries is not the one that the log has signed');
    const published = new Set(entries.map(({ submission }) => submission.sha256));
    const lost = [...this.submitter.promised.keys()].filter((sha256) => !published.has(sha256));
    if (lost.length > 0) this.mistakes.push(`${lost.length} promised entries are not in the log`);
  }

  /** Returns an entry as it was promised. Only an entry whose submission was killed may have another index and timestamp. */
  private entryAt(index: number): PromisedEntry | undefined {
    const { promised, uncertain } = this.submitter;
    const records = this.fronts.flatMap(({ url }) =>
      this.followers.map((follower) => follower.of(url, index)),
    );
    const found = records.find((record) => record !== undefined && promised.has(String(record['sha256'])));
    const entry = promised.get(String(found?.['sha256']));
    if (entry === undefined) {
      this.mistakes.push(`entry ${index} of the log is in no message, or was never submitted`);
      return undefined;
    }
    const timestamp = Math.round(Number(found!['timestamp']) * 1000);
    const isPromised = timestamp === entry.timestamp && index === (entry.index ?? index);
    if (isPromised || !uncertain.has(entry.submission.sha256)) return entry;
    const extensions = this.log.protocol === 'tiled' ? leafIndexExtension(index) : Buffer.alloc(0);
    return { ...entry, index, timestamp, leaf: merkleTreeLeaf(entry.submission, timestamp, extensions) };
  }
}
