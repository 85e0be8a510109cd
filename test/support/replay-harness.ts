import { onTestFinished, vi } from 'vitest';
import { BackPressure } from '../../src/feed/back-pressure.js';
import { CertificateFeed } from '../../src/feed/certificate-feed.js';
import type { ReplayStart } from '../../src/feed/cursor.js';
import type { JournalGap, JournalRecord, ReadFrom } from '../../src/feed/journal/entry-journal.js';
import { MemoryJournal } from '../../src/feed/journal/memory/memory-journal.js';
import { testBatch } from '../../src/feed/journal/testing/journal-batches.js';
import { webSocketEncoding, webSocketFramer } from '../../src/stream/encoding/websocket-encoding.js';
import { ClientSession } from '../../src/stream/subscription/client-session.js';
import { LiveTail } from '../../src/stream/subscription/live-tail.js';
import type { ReplaySource } from '../../src/stream/subscription/replay.js';
import { RecentBatches } from '../../src/feed/recent-batches.js';
import { ReplayTurns } from '../../src/stream/subscription/replay-turns.js';
import type { StreamOptions } from '../../src/stream/subscription/stream-options.js';
import { Subscriber } from '../../src/stream/subscription/subscriber.js';
import { UniqueWindow } from '../../src/unique/unique-window.js';
import { BufferedConnection } from './buffered-connection.js';
import { ORDINARY, testAudience } from './stream-clients.js';

/** A journal in memory whose readers wait while the test holds them, as readers of a disk do. */
export class HeldJournal extends MemoryJournal {
  /** Number of readers that have not ended. */
  readers = 0;
  private held: Promise<void> | undefined;
  private resume: () => void = () => undefined;

  constructor(maxBytes: number) {
    super(new BackPressure(), { maxBytes, onFull: 'skip' });
  }

  /** Makes every read wait until {@link continue}. */
  hold(): void {
    this.held = new Promise((resolve) => (this.resume = resolve));
  }

  continue(): void {
    this.held = undefined;
    this.resume();
  }

  override async *read(
    from: ReadFrom,
    signal: AbortSignal,
  ): AsyncGenerator<JournalRecord | JournalGap, void> {
    this.readers++;
    try {
      for await (const item of super.read(from, signal)) {
        await this.held;
        yield item;
      }
    } finally {
      this.readers--;
    }
  }
}

/** One message: the index of an entry, or `<message_type> <reason or nothing>`. */
type Described = number | string;

/** A client with a session, on a connection in memory. */
export class TestSession {
  readonly connection = new BufferedConnection(webSocketEncoding);
  readonly session: ClientSession;
  readonly onError = vi.fn();
  private readonly got: Described[] = [];

  constructor(system: ReplaySystem, options: Partial<StreamOptions>) {
    const subscriber = new Subscriber(this.connection, 'peer', system.audience, {
      ...ORDINARY,
      hasCursors: true,
      ...options,
    });
    this.session = new ClientSession(subscriber, system.audience, system.source, this.onError);
    system.audience.enter(subscriber);
  }

  /** All messages so far. */
  get messages(): readonly Described[] {
    for (const text of this.connection.texts().slice(this.got.length)) {
      const { message_type: type, data } = JSON.parse(text) as {
        message_type: string;
        data: { cert_index: number; reason?: string };
      };
      this.got.push(type === 'certificate_update' ? data.cert_index : [type, data.reason].join(' ').trim());
    }
    return this.got;
  }

  /** The indices of the entries so far. */
  get indices(): readonly number[] {
    return this.messages.filter((message) => typeof message === 'number');
  }
}

/** A feed, its journal and the clients of the lite stream. */
export class ReplaySystem {
  readonly journal: HeldJournal;
  readonly feed: CertificateFeed;
  readonly source: ReplaySource;
  readonly mocks;
  readonly audience;
  private next = 0;

  /** @param maxBytes of the journal. @param maxBatchDelayMs length of a tick. */
  constructor(maxBytes = 2 ** 24, maxBatchDelayMs = 0) {
    this.mocks = testAudience({ maxBatchDelayMs });
    this.audience = this.mocks.audience;
    this.journal = new HeldJournal(maxBytes);
    this.feed = new CertificateFeed(this.journal, new BackPressure());
    const { journal, renderer, batches$ } = this.feed;
    renderer.framer = webSocketFramer;
    this.source = {
      journal,
      batches: new RecentBatches(renderer),
      tail: new LiveTail(batches$),
      window: new UniqueWindow({ megabytes: 1, now: () => performance.now() }),
      turns: new ReplayTurns(),
    };
    const subscription = batches$.subscribe((batch) => this.audience.deliver(batch));
    onTestFinished(() => subscription.unsubscribe());
  }

  /** Publishes `count` entries as one record. */
  publish(count: number): void {
    this.feed.publish(testBatch(this.next, count));
    this.next += count;
  }

  /** Connects a client. */
  join(from: ReplayStart | undefined, options: Partial<StreamOptions> = {}): TestSession {
    const client = new TestSession(this, options);
    client.session.start(from);
    return client;
  }
}

/** Lets the turns of the event loop pass in which replays work. */
export async function turns(count = 50): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
