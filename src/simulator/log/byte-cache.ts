/** The most recently used of some immutable bodies. */
export class ByteCache {
  private readonly bodies = new Map<string, Buffer>();

  constructor(private readonly capacity: number) {}

  get(key: string, make: () => Buffer): Buffer {
    const body = this.bodies.get(key) ?? make();
    this.bodies.delete(key);
    this.bodies.set(key, body);
    if (this.bodies.size > this.capacity) this.bodies.delete(this.bodies.keys().next().value ?? key);
    return body;
  }
}
