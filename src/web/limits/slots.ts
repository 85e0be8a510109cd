/** Counts the slots that each key holds. A key without slots takes no memory. */
export class Slots {
  private readonly held = new Map<string, number>();
  private all = 0;

  get total(): number {
    return this.all;
  }

  of(key: string): number {
    return this.held.get(key) ?? 0;
  }

  /** Takes a slot. @returns a function that gives the slot back; a second call does nothing. */
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

/** Returns whether the limit leaves no room for one more; 0 = no limit. */
export function isFull(held: number, limit: number): boolean {
  return limit > 0 && held >= limit;
}
