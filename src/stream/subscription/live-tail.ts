import type { Observable, Subscription } from 'rxjs';
import type { CertificateBatch } from '../../certificate/certificate-batch.js';

/** Bounds on the batches that are kept. */
const MAX_BATCHES = 512;
const MAX_BYTES = 8 * 2 ** 20;

/**
 * The newest batches, kept while a client replays. A replay reads the journal until it reaches these batches, and then continues
 * with them. So it gets the last entries in the same turn of the event loop in which it joins the live stream, and all replays
 * share their texts.
 */
export class LiveTail {
  private batches: CertificateBatch[] = [];
  private bytes = 0;
  private holders = 0;
  private subscription: Subscription | undefined;

  constructor(private readonly batches$: Observable<CertificateBatch>) {}

  /** Keeps batches from now on, until as many calls of {@link release} follow. */
  hold(): void {
    this.holders++;
    this.subscription ??= this.batches$.subscribe((batch) => this.keep(batch));
  }

  release(): void {
    if (--this.holders > 0) return;
    this.subscription?.unsubscribe();
    this.subscription = undefined;
    this.batches = [];
    this.bytes = 0;
  }

  /** Whether a client replays. */
  get isHeld(): boolean {
    return this.holders > 0;
  }

  /**
   * Whether all records from `seq` on are kept; `newest` is the newest record of the journal. In a cluster, a cursor of another member may
   * be ahead of it: its client must not get the records in between.
   */
  covers(seq: number, newest: number): boolean {
    if (seq > newest) return seq === newest + 1;
    return this.batches.length > 0 && this.batches[0].place!.seq <= seq;
  }

  /** Returns the first kept batch of a record from `seq` on; undefined after the newest batch. */
  from(seq: number): CertificateBatch | undefined {
    return this.batches.find(({ place }) => place!.seq >= seq);
  }

  private keep(batch: CertificateBatch): void {
    // The journal already held the entries, so they have no place of their own.
    if (batch.place === undefined) return;
    this.batches.push(batch);
    this.bytes += batch.bytes;
    while (this.batches.length > MAX_BATCHES || (this.bytes > MAX_BYTES && this.batches.length > 1))
      this.bytes -= this.batches.shift()!.bytes;
  }
}
