/** Counts how many slots each key holds. A key without any takes no memory. */
export class Slots {
  private readonly held = new Map<string, number>();
  private all = 0;

  get total(): number {
    return this.all;
  }

  of(key: string): number {
    return this.held.get(key) ?? 0;
  }

  /** @returns gives the slot back; calling it again does nothing. */
  take(key: string): () => void {
    this.held.set(key, this.of(key) + 1);
    this.all++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.all--;
      const left = this.of(key) - 1;
      if (left === 0) this.held.delete(key);
      else this.held.set(key, left);
    };
  }
}

/** Whether one more would be beyond the limit; 0 = no limit. */
export function isFull(held: number, limit: number): boolean {
  return limit > 0 && held >= limit;
}
