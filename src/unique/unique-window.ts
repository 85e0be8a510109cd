import type { StreamKind } from '../certificate/rendered-texts.js';
import { BatchSightings, type SightedBatch, type SightingContext } from './batch-sightings.js';
import { CertificateIdentity } from './certificate-identity.js';
import { SightingTable } from './sighting-table.js';

const MB = 1024 * 1024;
/** Distance from the origin at which the table begins again: its numbers of records have 32 bits. */
const MAX_DISTANCE = 2 ** 31 - 2;

export interface UniqueWindowOptions {
  /** Size of the table in MiB (`stream.unique_window_mb`). */
  readonly megabytes: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Remembers which certificates were published, for clients with `unique=1`. It has no memory while no such client is there. What it
 * forgets is sent once more.
 */
export class UniqueWindow {
  /** Number of messages that were not sent because the client already had the certificate. The owner of the clients counts them. */
  readonly suppressed: Record<StreamKind, number> = { full: 0, lite: 0, domains: 0 };
  private clients = 0;
  private context: SightingContext | undefined;
  private readonly identity = new CertificateIdentity();
  private observed = new WeakMap<SightedBatch, BatchSightings>();

  constructor(private readonly options: UniqueWindowOptions) {}

  /** Called when a client asks for unique certificates. */
  addClient(): void {
    this.clients++;
  }

  /** Called once for each client that was added. Frees the memory with the last one. */
  removeClient(): void {
    if (--this.clients > 0) return;
    this.context = undefined;
    this.observed = new WeakMap();
  }

  get hasClients(): boolean {
    return this.clients > 0;
  }

  /** Number of remembered certificates. */
  get size(): number {
    return this.context?.table.size ?? 0;
  }

  /** Seconds since the oldest remembered sighting; 0 without clients. */
  get ageSeconds(): number {
    return (this.context?.table.age ?? 0) / 1000;
  }

  /**
   * Looks up and remembers the certificates of a batch. It must be called for every published batch while {@link hasClients}, and for
   * every batch that is replayed to such a client. Calls for the same batch return the same object.
   */
  observe(batch: SightedBatch): BatchSightings {
    let sightings = this.observed.get(batch);
    if (sightings === undefined) {
      sightings = new BatchSightings(batch, this.identitiesOf(batch), this.contextFor(batch));
      this.observed.set(batch, sightings);
    }
    return sightings;
  }

  private identitiesOf({ entries, count }: SightedBatch): Int32Array {
    const { identity } = this;
    const identities = new Int32Array(2 * count);
    for (let i = 0; i < count; i++) {
      if (!identity.read(entries, i)) continue;
      identities[2 * i] = identity.low;
      identities[2 * i + 1] = identity.high;
    }
    return identities;
  }

  private contextFor({ place }: SightedBatch): SightingContext {
    const { context } = this;
    const isFar =
      context !== undefined && place !== undefined && Math.abs(place.seq - context.origin) > MAX_DISTANCE;
    if (context !== undefined && !isFar) return context;
    const { megabytes, now } = this.options;
    const table = new SightingTable(megabytes * MB, now);
    return (this.context = { table, origin: place?.seq ?? 0, identity: this.identity });
  }
}
