import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { CertificateBatch, DialectName, StreamKind } from '../certificate/certificate-batch.js';
import { CertificateStream } from './certificate-stream.js';

/** How many entries `latest.json` shows. */
export const RECENT_ENTRIES = 25;
const NEWLINE = 0x0a;

interface KeptBatch {
  readonly batch: CertificateBatch;
  /** Those that were asked for. */
  readonly texts: Map<string, Buffer>;
}

/**
 * The newest entries, for `example.json` and `latest.json`. Keeps the batches they came in, that is at most
 * one whole batch and 24 entries of others, and makes a text only when somebody asks, once for all who do.
 */
@Injectable()
export class RecentEntries implements OnModuleInit, OnModuleDestroy {
  private batches: KeptBatch[] = [];
  private kept = 0;
  private subscription: Subscription | undefined;

  constructor(private readonly stream: CertificateStream) {}

  onModuleInit(): void {
    this.subscription = this.stream.batches$.subscribe((batch) => this.keep(batch));
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  /** JSON texts without trailing newline, newest first. */
  texts(kind: StreamKind, dialect: DialectName, limit = RECENT_ENTRIES): Buffer[] {
    const texts: Buffer[] = [];
    for (const kept of this.batches.toReversed()) {
      for (let i = kept.batch.count - 1; i >= 0; i--) {
        if (texts.length === limit) return texts;
        texts.push(textOf(kept, kind, i, dialect));
      }
    }
    return texts;
  }

  private keep(batch: CertificateBatch): void {
    this.batches.push({ batch, texts: new Map() });
    this.kept += batch.count;
    while (this.kept - this.batches[0].batch.count >= RECENT_ENTRIES)
      this.kept -= this.batches.shift()!.batch.count;
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
