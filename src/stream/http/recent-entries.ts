import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { CertificateBatch, DialectName, StreamKind } from '../../certificate/certificate-batch.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';

/** How many entries `latest.json` shows. */
export const RECENT_ENTRIES = 25;
/** Memory that the entries keep in use; of real logs, 25 entries have about 150 KB. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
/** A batch that keeps more in use, a whole page or tile, is copied at once: less is cheaper to keep. */
const MAX_VIEW_BYTES = 512 * 1024;
/** Of the answer to `latest.json`, unless the newest message alone has more. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const OPEN = Buffer.from('{"messages":[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']}');

interface KeptBatch {
  readonly batch: CertificateBatch;
  /** Whether it has memory of its own, for the entries that are shown. */
  readonly isCopy: boolean;
  /** Those that were asked for. */
  readonly texts: Map<string, Buffer>;
}

/**
 * The newest entries, for `example.json` and `latest.json`. A batch may be a view of a large page; entries are copied where
 * that would keep much memory in use. A text is made when it is first asked for, once for all requests.
 */
@Injectable()
export class RecentEntries implements OnModuleInit, OnModuleDestroy {
  private batches: KeptBatch[] = [];
  private kept = 0;
  private keptBytes = 0;
  /** Answers to `latest.json` by their dialect, until the next batch. Requests share one, whether they read it or not. */
  private readonly answers = new Map<DialectName, Buffer>();
  private subscription: Subscription | undefined;

  constructor(private readonly stream: CertificateFeed) {}

  onModuleInit(): void {
    this.subscription = this.stream.batches$.subscribe((batch) => this.keep(batch));
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  /** The newest message as JSON text without trailing newline; undefined when there is none yet. */
  newest(kind: StreamKind, dialect: DialectName): Buffer | undefined {
    for (const text of this.texts(kind, dialect)) return text;
    return undefined;
  }

  /** The newest lite messages as one JSON document, newest first; undefined when there is none yet. */
  latest(dialect: DialectName): Buffer | undefined {
    const known = this.answers.get(dialect);
    if (known !== undefined) return known;
    const parts: Buffer[] = [];
    let bytes = 0;
    for (const text of this.texts('lite', dialect)) {
      bytes += text.length;
      if (parts.length > 0 && bytes > MAX_ANSWER_BYTES) break;
      parts.push(parts.length === 0 ? OPEN : COMMA, text);
    }
    if (parts.length === 0) return undefined;
    const answer = Buffer.concat([...parts, CLOSE]);
    this.answers.set(dialect, answer);
    return answer;
  }

  /** Newest first. */
  private *texts(kind: StreamKind, dialect: DialectName): Generator<Buffer> {
    let left = RECENT_ENTRIES;
    for (const kept of this.batches.toReversed()) {
      for (let i = kept.batch.count - 1; i >= 0 && left > 0; i--, left--)
        yield textOf(kept, kind, i, dialect);
    }
  }

  private keep(batch: CertificateBatch): void {
    const kept: KeptBatch =
      batch.bytes > MAX_VIEW_BYTES ? copyOf(batch) : { batch, isCopy: false, texts: new Map() };
    // The newest entry alone is too large.
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
