import type { EntryBatch } from '../../src/certificate/entry-batch.js';
import { EntryBatchBuilder } from '../../src/certificate/entry-batch-builder.js';
import type { CtLogClient, SignedTreeHead } from '../../src/ct-log/client/ct-log-client.js';
import { CtAbortedError } from '../../src/ct-log/client/ct-log-error.js';
import { sleepOn } from '../../src/kernel/clock.js';
import type { VirtualClock } from './virtual-clock.js';

export const FAKE_SOURCE = {
  name: 'A log',
  url: 'https://log.example.net',
  operator: 'Op',
  type: 'rfc6962',
} as const;

/** Returns entries without content whose timestamps are their indices. */
export function fakeEntries(start: number, count: number): EntryBatch {
  const builder = new EntryBatchBuilder('get-entries', count);
  for (let i = 0; i < count; i++) builder.add(start + i);
  return builder.build({ source: FAKE_SOURCE, firstIndex: start, bytes: Buffer.alloc(0), seen: 0 });
}

/** A log whose growth and failures a test controls. */
export class FakeCtLog implements CtLogClient {
  readonly heads: number[] = [];
  readonly requests: [number, number][] = [];
  size: (time: number) => number = () => 0;
  timestamp: (time: number) => number = (time) => time;
  root: (time: number) => number = () => 0;
  failHead: (time: number) => Error | undefined = () => undefined;
  failEntries: (time: number) => Error | undefined = () => undefined;
  /** Returns the duration of an answer from `start` on, in milliseconds. */
  latency: (start: number) => number = () => 0;
  /** Highest number of concurrent requests for entries so far. */
  mostAtOnce = 0;
  /** Number of unanswered requests for entries. */
  underWay = 0;
  answer = (start: number, end: number): EntryBatch =>
    fakeEntries(start, Math.min(end - start, this.pageSize ?? 32));

  constructor(
    private readonly clock: VirtualClock,
    readonly pageSize: number | undefined = 32,
  ) {}

  async getTreeHead(): Promise<SignedTreeHead> {
    this.heads.push(this.clock.time);
    const error = this.failHead(this.clock.time);
    if (error !== undefined) throw error;
    const { time } = this.clock;
    const [treeSize, timestamp] = [this.size(time), this.timestamp(time)];
    return { treeSize, timestamp, rootHash: Buffer.alloc(32, this.root(time)), signed: Buffer.alloc(0) };
  }

  async getEntries(start: number, end: number, treeSize: number, signal?: AbortSignal): Promise<EntryBatch> {
    if (end > treeSize) throw new RangeError('asked beyond the tree');
    this.requests.push([start, end]);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.underWay);
    try {
      return await this.answerLater(start, end, signal);
    } finally {
      this.underWay--;
    }
  }

  private async answerLater(start: number, end: number, signal?: AbortSignal): Promise<EntryBatch> {
    const pause = this.latency(start);
    if (pause > 0) await sleepOn(this.clock, pause, signal ?? new AbortController().signal);
    if (signal?.aborted === true) throw new CtAbortedError(FAKE_SOURCE.url);
    const error = this.failEntries(this.clock.time);
    if (error !== undefined) throw error;
    return this.answer(start, end);
  }

  getCompactRange(): Promise<never> {
    return Promise.reject(new Error('this log has no tree'));
  }

  getConsistencyProof(): Promise<never> {
    return Promise.reject(new Error('this log has no tree'));
  }
}
