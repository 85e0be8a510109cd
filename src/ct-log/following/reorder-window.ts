import { WaitQueue } from '../../kernel/wait-queue.js';

/** A range of log indices whose result is on its way, or waits for those before it. */
export interface WindowSlot<T> {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Undefined while it is on its way. */
  readonly result: { readonly value: T } | { readonly error: unknown } | undefined;
}

interface MutableSlot<T> extends WindowSlot<T> {
  from: number;
  to: number;
  bytes: number;
  result: WindowSlot<T>['result'];
}

export interface ReorderWindowLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/**
 * Consecutive ranges whose results come in any order and leave in index order. Bounded by entries and bytes; a single
 * range always fits.
 */
export class ReorderWindow<T> {
  private slots: MutableSlot<T>[] = [];
  private entries = 0;
  private bytes = 0;
  private readonly changes = new WaitQueue();

  constructor(private readonly limits: ReorderWindowLimits) {}

  /** Ranges, with or without result. */
  get count(): number {
    return this.slots.length;
  }

  /** Index behind the last range; undefined when there is none. */
  get end(): number | undefined {
    return this.slots.at(-1)?.to;
  }

  get first(): WindowSlot<T> | undefined {
    return this.slots[0];
  }

  fits(entries: number, bytes: number): boolean {
    if (this.slots.length === 0) return true;
    return this.entries + entries <= this.limits.maxEntries && this.bytes + bytes <= this.limits.maxBytes;
  }

  /** @param bytes what the result is expected to take. @throws RangeError when it is not the range behind the last. */
  reserve(from: number, to: number, bytes: number): WindowSlot<T> {
    if (from >= to || from !== (this.end ?? from))
      throw new RangeError(`${from} to ${to} is not the next range`);
    const slot: MutableSlot<T> = { from, to, bytes, result: undefined };
    this.slots.push(slot);
    this.entries += to - from;
    this.bytes += bytes;
    return slot;
  }

  /** @param bytes what it takes indeed. A slot that has left the window is ignored. */
  put(slot: WindowSlot<T>, value: T, bytes: number): void {
    const found = this.settle(slot, { value });
    if (found === undefined) return;
    this.bytes += bytes - found.bytes;
    found.bytes = bytes;
  }

  /** The range stays where it is, to be asked for again. */
  fail(slot: WindowSlot<T>, error: unknown): void {
    this.settle(slot, { error });
  }

  /** Ranges whose download failed, in index order. */
  failed(): WindowSlot<T>[] {
    return this.slots.filter(({ result }) => result !== undefined && 'error' in result);
  }

  /** Whether the slot is still wanted. */
  has(slot: WindowSlot<T>): boolean {
    return this.slots.includes(slot as MutableSlot<T>);
  }

  /** Resolves when the first range has a result, or the window changes otherwise. */
  async settled(): Promise<void> {
    if (this.slots.length === 0 || this.slots[0].result !== undefined) return;
    await this.changes.wait(undefined);
  }

  /** The result of the slot is void: it is on its way again. @param from first index that is still missing. */
  retry(slot: WindowSlot<T>, from: number): void {
    const found = slot as MutableSlot<T>;
    this.entries -= from - found.from;
    found.from = from;
    found.result = undefined;
  }

  /** Takes the first range out. */
  shift(): WindowSlot<T> | undefined {
    const slot = this.slots.shift();
    if (slot === undefined) return undefined;
    this.entries -= slot.to - slot.from;
    this.bytes -= slot.bytes;
    return slot;
  }

  /** Drops all ranges behind the first `kept`. @returns those. */
  truncate(kept: number): WindowSlot<T>[] {
    const dropped = this.slots.splice(kept);
    for (const slot of dropped) {
      this.entries -= slot.to - slot.from;
      this.bytes -= slot.bytes;
    }
    if (kept === 0) this.changes.wakeAll();
    return dropped;
  }

  private settle(slot: WindowSlot<T>, result: WindowSlot<T>['result']): MutableSlot<T> | undefined {
    const found = this.slots.find((candidate) => candidate === slot);
    if (found === undefined) return undefined;
    found.result = result;
    if (found === this.slots[0]) this.changes.wakeAll();
    return found;
  }
}
