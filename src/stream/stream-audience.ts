import { calidogDialect } from '../certificate/dialects/calidog-dialect.js';
import type { DialectName } from '../certificate/dialects/dialect.js';
import { goDialect } from '../certificate/dialects/go-dialect.js';
import type { StreamKind } from '../certificate/rendered-texts.js';
import type { BlockingClients } from './blocking-clients.js';
import { ClientGroup } from './client-group.js';
import type { TextFrames } from './compressed-frames.js';
import { DelayHistogram } from '../kernel/delay-histogram.js';
import type { StreamClient } from './stream-client.js';

/** Everything sent on one stream since the start, clients that left included. */
export interface StreamStats {
  /** Connections ever accepted. */
  connections: number;
  /** Messages handed to sockets: one message to ten clients counts ten. */
  messages: number;
  bytes: number;
  /** Messages left out because a client could not keep up. */
  dropped: number;
  /** Clients whose connection was closed because they could not keep up. */
  closedSlow: number;
}

/** How much may wait for one client, besides the messages that came last. */
export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** What the audiences of all streams have in common. */
export interface AudienceOptions {
  readonly maxBatchDelayMs: number;
  readonly limits: QueueLimits;
  readonly blocking: BlockingClients;
  /** Called whenever messages of a client were dropped. */
  readonly onDrop: (client: StreamClient, count: number) => void;
  /** Closes the connection of a client that cannot keep up. */
  readonly onSlow: (client: StreamClient) => void;
  /** Called with an error that cost clients messages; those are counted as dropped. */
  readonly onError: (error: unknown) => void;
}

/** Consecutive entries of one log and their texts; a `CertificateBatch` is one. */
export interface StreamBatch {
  readonly source: { readonly url: string };
  readonly firstIndex: number;
  texts(kind: StreamKind, dialect: DialectName): TextFrames;
  /** The same entries as batches of one each; undefined when there is only one. */
  split(): readonly StreamBatch[] | undefined;
}

const SOURCE_URL: Readonly<Record<DialectName, (url: string) => string>> = {
  go: goDialect.sourceUrl,
  calidog: calidogDialect.sourceUrl,
};

/** The clients of one stream, whatever their dialect. */
export class StreamAudience {
  readonly stats: StreamStats = { connections: 0, messages: 0, bytes: 0, dropped: 0, closedSlow: 0 };
  /** From publishing to the operating system's taking it. */
  readonly delays = new DelayHistogram();
  readonly limits: QueueLimits;
  readonly blocking: BlockingClients;
  private readonly members = new Set<StreamClient>();
  private readonly groups: Readonly<Record<DialectName, ClientGroup>>;

  constructor(
    readonly kind: StreamKind,
    private readonly options: AudienceOptions,
  ) {
    this.limits = options.limits;
    this.blocking = options.blocking;
    this.groups = {
      go: new ClientGroup(options.maxBatchDelayMs, options.onError),
      calidog: new ClientGroup(options.maxBatchDelayMs, options.onError),
    };
  }

  get clients(): ReadonlySet<StreamClient> {
    return this.members;
  }

  join(client: StreamClient): void {
    this.groups[client.options.dialect].join(client);
    this.members.add(client);
    this.stats.connections++;
  }

  leave(client: StreamClient): void {
    this.members.delete(client);
    this.groups[client.options.dialect].leave(client);
    client.forgetQueue();
  }

  /**
   * Gives its texts to every client, now or within the tick. Texts are asked for only where somebody listens. When they cannot
   * be made, that costs the entry that is to blame: it is counted as dropped for every client.
   */
  deliver(batch: StreamBatch): void {
    for (const dialect of ['go', 'calidog'] as const) {
      if (this.groups[dialect].clients.size > 0) this.deliverIn(dialect, batch);
    }
  }

  private deliverIn(dialect: DialectName, batch: StreamBatch): void {
    const group = this.groups[dialect];
    const logUrl = SOURCE_URL[dialect](batch.source.url);
    const { firstIndex } = batch;
    let frames: TextFrames;
    try {
      frames = batch.texts(this.kind, dialect);
    } catch (error) {
      const single = batch.split();
      if (single !== undefined) {
        for (const one of single) this.deliverIn(dialect, one);
        return;
      }
      this.options.onError(error);
      return group.lose(logUrl, firstIndex, 1);
    }
    group.publish({ logUrl, firstIndex, frames });
  }

  /** Sends what waits for the end of a tick. */
  flush(): void {
    this.groups.go.flush();
    this.groups.calidog.flush();
  }

  countDropped(client: StreamClient, count: number): void {
    this.stats.dropped += count;
    this.options.onDrop(client, count);
  }

  /** Tells of an error that cost a client messages; those were counted. */
  reportError(error: unknown): void {
    this.options.onError(error);
  }

  closeSlow(client: StreamClient): void {
    this.stats.closedSlow++;
    this.options.onSlow(client);
  }
}
