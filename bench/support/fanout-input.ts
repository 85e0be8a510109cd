import { CertificateBatch } from '../../src/certificate/certificate-batch.js';
import { CertificateRenderer } from '../../src/certificate/certificate-renderer.js';
import { EntryBatchBuilder } from '../../src/certificate/entry-batch-builder.js';
import type { EntryBatch, LogSource } from '../../src/certificate/entry-batch.js';
import { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import type { RenderedTexts } from '../../src/certificate/rendered-texts.js';
import type { StreamBatch } from '../../src/stream/subscription/batch-delivery.js';
import { webSocketFramer } from '../../src/stream/encoding/websocket-encoding.js';

/** Number of logs, and the mean time between two batches of a log. */
const LOGS = 8;
const MEAN_PAUSE_MS = 100;
/** Limits the size of a batch after a pause: a sender that got no CPU time for longer sends fewer messages in total. */
const MAX_GROWTH_MS = 200;

/** One batch of a log: framed texts for our streams, the bytes of all frames, and single texts for `ws`. */
export interface FanoutBatch {
  readonly shared: StreamBatch;
  readonly bytes: Buffer;
  readonly texts: readonly Buffer[];
}

/**
 * Produces lite messages like real logs: each of eight logs independently delivers a batch every 50 to 150 ms. The texts are
 * rendered before the measurement.
 */
export class FanoutInput {
  readonly averageBytes: number;
  private readonly frames: RenderedTexts;
  private readonly random = new SeededRandom(7);
  private at = 0;
  private timers: NodeJS.Timeout[] = [];

  constructor(pages: readonly EntryBatch[]) {
    const renderer = new CertificateRenderer({ framer: webSocketFramer });
    const all = pages.map((page) => new CertificateBatch(page, renderer).texts('lite'));
    this.frames = joined(all);
    this.averageBytes = this.frames.buffer.length / this.frames.count;
  }

  /** @param onBatch is called with every batch until {@link stop} */
  start(messagesPerSecond: number, onBatch: (batch: FanoutBatch) => void): void {
    for (let log = 0; log < LOGS; log++) {
      let last = performance.now();
      let grown = 0;
      const source: Pick<LogSource, 'url'> = { url: `https://log${log}.example/2026h2` };
      const deliver = (): void => {
        const now = performance.now();
        grown += (Math.min(now - last, MAX_GROWTH_MS) * messagesPerSecond) / LOGS / 1000;
        last = now;
        const count = Math.floor(grown);
        grown -= count;
        if (count > 0) onBatch(this.batch(source, count));
        this.timers[log] = setTimeout(deliver, MEAN_PAUSE_MS * (0.5 + this.random.next()));
      };
      this.timers[log] = setTimeout(deliver, MEAN_PAUSE_MS * this.random.next());
    }
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }

  /** Returns the next messages as new objects, so that no compressed messages are found in a cache. */
  batch(source: Pick<LogSource, 'url'>, count: number): FanoutBatch {
    const { buffer, frameStart, textStart } = this.frames;
    const size = Math.min(count, this.frames.count);
    if (this.at + size > this.frames.count) this.at = 0;
    const from = this.at;
    this.at += size;
    const frames: RenderedTexts = {
      buffer,
      count: size,
      frameStart: frameStart.subarray(from, from + size + 1),
      textStart: textStart.subarray(from, from + size),
    };
    const texts = Array.from(textStart.subarray(from, from + size), (start, i) =>
      buffer.subarray(start, frameStart[from + i + 1]),
    );
    const bytes = buffer.subarray(frameStart[from], frameStart[from + size]);
    return {
      shared: sharedBatch(source, from, size, frames),
      bytes,
      texts,
    };
  }
}

function sharedBatch(
  log: Pick<LogSource, 'url'>,
  firstIndex: number,
  count: number,
  frames: RenderedTexts,
): StreamBatch {
  const source: LogSource = { name: '', operator: '', type: 'rfc6962', ...log };
  const batch: StreamBatch = {
    source,
    firstIndex,
    count,
    place: { seq: 1, offset: firstIndex },
    entries: new EntryBatchBuilder('get-entries').build({
      source,
      firstIndex,
      bytes: Buffer.alloc(0),
      seen: 0,
    }),
    hasParseError: () => false,
    texts: () => frames,
    hasTexts: () => true,
    single: () => batch,
  };
  return batch;
}

/** Concatenates the texts of several pages. */
function joined(pages: readonly RenderedTexts[]): RenderedTexts {
  const count = pages.reduce((sum, page) => sum + page.count, 0);
  const frameStart = new Uint32Array(count + 1);
  const textStart = new Uint32Array(count);
  let at = 0;
  let bytes = 0;
  for (const page of pages) {
    for (let i = 0; i < page.count; i++) {
      textStart[at] = bytes + page.textStart[i];
      frameStart[++at] = bytes + page.frameStart[i + 1];
    }
    bytes += page.frameStart[page.count];
  }
  return { buffer: Buffer.concat(pages.map(({ buffer }) => buffer)), count, frameStart, textStart };
}
