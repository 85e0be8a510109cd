import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { CertificateBatch, DialectName, StreamKind } from '../certificate/certificate-batch.js';
import { CertificateStream } from './certificate-stream.js';

/** How many entries `latest.json` shows. */
export const RECENT_ENTRIES = 25;
/** Of the certificates that are kept; of real logs, 25 entries have about 150 KB. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
/** Of the answer to `latest.json`, unless the newest message alone has more. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const OPEN = Buffer.from('{"messages":[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']}');

interface KeptBatch {
  readonly batch: CertificateBatch;
  /** Those that were asked for. */
  readonly texts: Map<string, Buffer>;
}

/**
 * The newest entries, for `example.json` and `latest.json`: copies, since a view would keep the page that an entry came
 * in. Makes a text only when somebody asks, once for all who do.
 */
@Injectable()
export class RecentEntries implements OnModuleInit, OnModuleDestroy {
  private batches: KeptBatch[] = [];
  private kept = 0;
  private keptBytes = 0;
  /** Answers to `latest.json` by their dialect, until the next batch. Requests share one, whether they read it or not. */
  private readonly answers = new Map<DialectName, Buffer>();
  private subscription: Subscription | undefined;

  constructor(private readonly stream: CertificateStream) {}

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

  private keep(published: CertificateBatch): void {
    const batch = published.newest(RECENT_ENTRIES, MAX_KEPT_BYTES);
    this.batches.push({ batch, texts: new Map() });
    this.kept += batch.count;
    this.keptBytes += batch.bytes;
    this.answers.clear();
    while (this.isTooMuch) {
      const [{ batch: oldest }] = this.batches.splice(0, 1);
      this.kept -= oldest.count;
      this.keptBytes -= oldest.bytes;
    }
  }

  /** Whether there is enough without the oldest batch. */
  private get isTooMuch(): boolean {
    return (
      this.batches.length > 1 &&
      (this.kept - this.batches[0].batch.count >= RECENT_ENTRIES || this.keptBytes > MAX_KEPT_BYTES)
    );
  }
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
