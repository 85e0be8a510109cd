import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { CertificateBatch, DialectName, StreamKind } from '../../certificate/certificate-batch.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import type { JournalPosition } from '../../feed/cursor.js';
import type { SingleFilter } from '../../filter/single-filter.js';

/** Number of entries in `latest.json`. */
export const RECENT_ENTRIES = 25;
/** Bound on the memory that kept entries hold. 25 entries of real logs take about 150 KB. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
/**
 * A batch that holds more memory, such as a whole page or tile, is copied at once: a copy of its newest entries is
 * smaller.
 */
const MAX_VIEW_BYTES = 512 * 1024;
/** Bound on the answer to `latest.json`. The newest message alone may exceed it. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const OPEN = Buffer.from('{"messages":[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']}');

interface KeptBatch {
  readonly batch: CertificateBatch;
  /** Whether the batch is a copy that holds only the memory of the entries that are shown. */
  readonly isCopy: boolean;
  /** The texts that were requested, by stream, dialect and index. */
  readonly texts: Map<string, Buffer>;
}

/**
 * Keeps the newest entries for `example.json` and `latest.json`. A batch may be a view of a large page; its newest
 * entries are copied where the view would hold much memory. A text is written at the first request and reused for all
 * later requests.
 */
@Injectable()
export class RecentEntries implements OnModuleInit, OnModuleDestroy {
  private batches: KeptBatch[] = [];
  private kept = 0;
  private keptBytes = 0;
  /**
   * Answers to `latest.json` by dialect, until the next batch. All requests share one buffer, even those of clients
   * that do not read it.
   */
  private readonly answers = new Map<DialectName, Buffer>();
  private subscription: Subscription | undefined;

  constructor(private readonly feed: CertificateFeed) {}

  onModuleInit(): void {
    this.subscription = this.feed.batches$.subscribe((batch) => this.keep(batch));
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  /** Returns the newest message as JSON text without a trailing newline, or undefined before the first entry. */
  newest(kind: StreamKind, dialect: DialectName): Buffer | undefined {
    for (const text of this.texts(kind, dialect)) return text;
    return undefined;
  }

  /** Returns the newest lite messages as one JSON document, newest first, or undefined before the first entry. */
  latest(dialect: DialectName): Buffer | undefined {
    const known = this.answers.get(dialect);
    if (known !== undefined) return known;
    const answer = messageList(this.texts('lite', dialect));
    if (answer !== undefined) this.answers.set(dialect, answer);
    return answer;
  }

  /** Returns the texts of the kept entries that a filter matches, newest first. */
  matching(filter: SingleFilter, kind: StreamKind, dialect: DialectName): Buffer[] {
    return [...this.texts(kind, dialect, filter)];
  }

  /** The place after the newest kept entry in the journal; undefined before the first entry. */
  get end(): JournalPosition | undefined {
    const { place, count = 0 } = this.batches.at(-1)?.batch ?? {};
    return place && { seq: place.seq, index: place.offset + count };
  }

  /** Yields the texts of the newest entries, newest first. */
  private *texts(kind: StreamKind, dialect: DialectName, filter?: SingleFilter): Generator<Buffer> {
    let left = RECENT_ENTRIES;
    for (const kept of this.batches.toReversed()) {
      if (left <= 0) return;
      const wanted = filter && new Set(filter.match(kept.batch.entries));
      for (let i = kept.batch.count - 1; i >= 0 && left > 0; i--, left--)
        if (wanted === undefined || wanted.has(i)) yield textOf(kept, kind, i, dialect);
    }
  }

  private keep(batch: CertificateBatch): void {
    const kept: KeptBatch =
      batch.bytes > MAX_VIEW_BYTES ? copyOf(batch) : { batch, isCopy: false, texts: new Map() };
    // The copy is empty because the newest entry alone is too large.
    if (kept.batch.count === 0) return;
    this.add(kept);
    this.answers.clear();
    while (this.kept - this.batches[0].batch.count >= RECENT_ENTRIES) this.remove(0);
    while (this.keptBytes > MAX_KEPT_BYTES && this.batches.length > 1) {
      const view = this.batches.findIndex(({ isCopy }) => !isCopy);
      const removed = this.remove(Math.max(0, view));
      if (view >= 0) this.add(copyOf(removed.batch), view);
    }
  }

  private add(kept: KeptBatch, at = this.batches.length): void {
    this.batches.splice(at, 0, kept);
    this.kept += kept.batch.count;
    this.keptBytes += kept.batch.bytes;
  }

  private remove(at: number): KeptBatch {
    const [removed] = this.batches.splice(at, 1);
    this.kept -= removed.batch.count;
    this.keptBytes -= removed.batch.bytes;
    return removed;
  }
}

/** Returns texts as `{"messages":[..]}`, up to the bound on the size of an answer; undefined without texts. */
export function messageList(texts: Iterable<Buffer>): Buffer | undefined {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const text of texts) {
    bytes += text.length;
    if (parts.length > 0 && bytes > MAX_ANSWER_BYTES) break;
    parts.push(parts.length === 0 ? OPEN : COMMA, text);
  }
  return parts.length === 0 ? undefined : Buffer.concat([...parts, CLOSE]);
}

function copyOf(batch: CertificateBatch): KeptBatch {
  return { batch: batch.newest(RECENT_ENTRIES, MAX_KEPT_BYTES), isCopy: true, texts: new Map() };
}

function textOf({ batch, texts }: KeptBatch, kind: StreamKind, i: number, dialect: DialectName): Buffer {
  const key = `${kind} ${dialect} ${i}`;
  const text = texts.get(key) ?? withoutNewline(batch.text(kind, i, dialect));
  texts.set(key, text);
  return text;
}

function withoutNewline(text: Buffer): Buffer {
  return text.at(-1) === NEWLINE ? text.subarray(0, -1) : text;
}
