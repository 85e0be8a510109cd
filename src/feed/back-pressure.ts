import { Injectable } from '@nestjs/common';
import { WaitQueue } from '../kernel/wait-queue.js';

/** Lets publishers wait for receivers that cannot take more for now. */
@Injectable()
export class BackPressure {
  private readonly holders = new Set<object>();
  private readonly publishers = new WaitQueue();
  private heldSince = 0;
  private heldBefore = 0;

  /** Milliseconds during which somebody held, in total. */
  get heldMs(): number {
    return this.heldBefore + (this.holders.size > 0 ? performance.now() - this.heldSince : 0);
  }

  /** Publishers wait until this holder, and every other, has released. Holding again changes nothing. */
  hold(holder: object): void {
    if (this.holders.size === 0) this.heldSince = performance.now();
    this.holders.add(holder);
  }

  release(holder: object): void {
    if (!this.holders.delete(holder) || this.holders.size > 0) return;
    this.heldBefore += performance.now() - this.heldSince;
    this.publishers.wakeAll();
  }

  /**
   * Resolves when nobody holds any more, or `signal` is aborted; undefined when there is nothing to wait for. Somebody may
   * hold again before it is the caller's turn, so ask again until it is undefined.
   */
  ready(signal?: AbortSignal): Promise<void> | undefined {
    if (this.holders.size === 0 || signal?.aborted === true) return undefined;
    return this.publishers.wait(signal).then(() => undefined);
  }
}
