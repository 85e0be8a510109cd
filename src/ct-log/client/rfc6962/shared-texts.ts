const SAMPLES = 24;

interface KnownText {
  readonly start: number;
  readonly end: number;
  readonly lead: number;
  readonly entry: number;
}

/** Base64 texts of one response by their characters, to find those that repeat. */
export class SharedTexts {
  private readonly known = new Map<number, KnownText>();

  constructor(private readonly body: Buffer) {}

  /**
   * The entry that first had the text `body[start, end)` with this `lead`, or -1; then it is remembered for `entry`.
   * Of different texts with the same hash only the first is remembered: a collision costs time, nothing else.
   * @param lead number of octets that belong to the text and are in front of it, of the same value.
   */
  find(start: number, end: number, lead: number, entry: number): number {
    const hash = this.hashOf(start, end);
    const text = this.known.get(hash);
    if (text === undefined) {
      this.known.set(hash, { start, end, lead, entry });
      return -1;
    }
    const same = text.lead === lead && this.body.compare(this.body, start, end, text.start, text.end) === 0;
    return same ? text.entry : -1;
  }

  /** FNV-1a over the length and evenly spread samples: chains differ in keys and signatures, all over. */
  private hashOf(start: number, end: number): number {
    let hash = 0x811c9dc5 ^ (end - start);
    const step = Math.max(1, Math.floor((end - start) / SAMPLES));
    for (let i = start; i < end; i += step) hash = Math.imul(hash ^ this.body[i], 0x01000193);
    return hash >>> 2;
  }
}
