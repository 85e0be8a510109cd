import { Injectable } from '@nestjs/common';
import { WaitQueue } from '../kernel/wait-queue.js';

/** Makes publishers wait for receivers that cannot take more now. */
@Injectable()
export class BackPressure {
  private readonly holders = new Set<object>();
  /** Each with the holder for which it does not wait. */
  private readonly waiting = new WaitQueue<object | undefined>();
  private heldSince = 0;
  private heldBefore = 0;

  /** Total time with at least one holder, in milliseconds. */
  get heldMs(): number {
    return this.heldBefore + (this.holders.size > 0 ? performance.now() - this.heldSince : 0);
  }

  /**
   * Makes publishers wait until this holder and all others have released. A second call for the same holder has no
   * effect.
   */
  hold(holder: object): void {
    if (this.holders.size === 0) this.heldSince = performance.now();
    this.holders.add(holder);
  }

  release(holder: object): void {
    if (!this.holders.delete(holder)) return;
    if (this.holders.size === 0) this.heldBefore += performance.now() - this.heldSince;
    for (const { item, wake } of this.waiting) if (!this.isHeldBut(item)) wake();
  }

  /**
   * Returns a promise that resolves when all holders have released or `signal` is aborted, or undefined when there is
   * no holder. A new holder may come before the caller continues, so callers must call this again until it returns
   * undefined.
   * @param except a holder for which the caller does not wait.
   */
  ready(signal?: AbortSignal, except?: object): Promise<void> | undefined {
    if (!this.isHeldBut(except) || signal?.aborted === true) return undefined;
    return this.waiting.wait(signal, except).then(() => undefined);
  }

  private isHeldBut(except: object | undefined): boolean {
    return this.holders.size > (except !== undefined && this.holders.has(except) ? 1 : 0);
  }
}
