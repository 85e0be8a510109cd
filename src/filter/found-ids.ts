/** The ids that a matcher found in one name, one issuer or one entry. */
export class FoundIds {
  private isFound = new Uint8Array(16);
  readonly list: number[] = [];
  /** Adds an id. It is a property, because matchers get it as a function. */
  readonly add = (id: number): void => {
    if (id >= this.isFound.length) {
      const larger = new Uint8Array(Math.max(2 * this.isFound.length, id + 1));
      larger.set(this.isFound);
      this.isFound = larger;
    }
    if (this.isFound[id] === 1) return;
    this.isFound[id] = 1;
    this.list.push(id);
  };

  clear(): void {
    for (const id of this.list) this.isFound[id] = 0;
    this.list.length = 0;
  }

  /** Reports whether one of the ids was found. The cost is that of the smaller set. */
  hasAny(ids: ReadonlySet<number>): boolean {
    if (ids.size > this.list.length) {
      for (const id of this.list) if (ids.has(id)) return true;
      return false;
    }
    for (const id of ids) if (this.isFound[id] === 1) return true;
    return false;
  }
}
