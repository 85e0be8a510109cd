import type { EntryBatch } from '../../certificate/entry-batch.js';
import type { EntryPlace } from './hash-chunks.js';
import type { ScanTarget } from './journal-scan.js';

const BLOCK_RECORDS = 4096;
/** Bound on the memory: about a million records, 20 octets each. */
const MAX_BLOCKS = 256;

interface Block {
  readonly logs: Uint16Array;
  readonly firstIndices: Float64Array;
  readonly counts: Uint16Array;
  readonly seqs: Float64Array;
  size: number;
}

/** Finds entries of the journal by their log and index. It holds the range of each record, the newest million of them. */
export class EntryDirectory implements ScanTarget {
  private readonly blocks: Block[] = [];
  /** Numbers of the logs by URL. */
  private readonly logs = new Map<string, number>();

  add(seq: number, { source, firstIndex, count }: EntryBatch): number {
    let block = this.blocks.at(-1);
    if (block === undefined || block.size === BLOCK_RECORDS) {
      block = newBlock();
      this.blocks.push(block);
      if (this.blocks.length > MAX_BLOCKS) this.blocks.shift();
    }
    const log = this.logs.get(source.url) ?? this.logs.size;
    this.logs.set(source.url, log);
    const at = block.size++;
    block.logs[at] = log;
    block.firstIndices[at] = firstIndex;
    block.counts[at] = count;
    block.seqs[at] = seq;
    return count;
  }

  dropBefore(seq: number): void {
    while (this.blocks.length > 0 && this.blocks[0].seqs[this.blocks[0].size - 1] < seq) this.blocks.shift();
  }

  /** Returns the newest place of an entry: if the log corrected it, that of the correction. */
  find(logUrl: string, index: number): EntryPlace | undefined {
    const log = this.logs.get(logUrl);
    if (log === undefined) return undefined;
    for (const { logs, firstIndices, counts, seqs, size } of this.blocks.toReversed()) {
      for (let at = size - 1; at >= 0; at--) {
        const position = index - firstIndices[at];
        if (logs[at] === log && position >= 0 && position < counts[at]) return { seq: seqs[at], position };
      }
    }
    return undefined;
  }
}

function newBlock(): Block {
  return {
    logs: new Uint16Array(BLOCK_RECORDS),
    firstIndices: new Float64Array(BLOCK_RECORDS),
    counts: new Uint16Array(BLOCK_RECORDS),
    seqs: new Float64Array(BLOCK_RECORDS),
    size: 0,
  };
}
