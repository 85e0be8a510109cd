const SAMPLES = 24;

interface KnownText {
  readonly start: number;
  readonly end: number;
  readonly lead: number;
  readonly entry: number;
}

/** SharedTexts finds repeated base64 texts of one response. */
export class SharedTexts {
  private readonly known = new Map<number, KnownText>();

  constructor(private readonly body: Buffer) {}

  /**
   * Returns the entry that first had the text `body[start, end)` with this `lead`, or -1. In the latter case the text is
   * remembered for `entry`, unless another text has the same hash: a collision only costs time.
   * @param lead number of octets that precede the text and belong to it. They must have the same values in equal texts.
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

  /** FNV-1a over the length and evenly spread samples. Samples suffice, because keys and signatures of chains differ everywhere. */
  private hashOf(start: number, end: number): number {
    let hash = 0x811c9dc5 ^ (end - start);
    const step = Math.max(1, Math.floor((end - start) / SAMPLES));
    for (let i = start; i < end; i += step) hash = Math.imul(hash ^ this.body[i], 0x01000193);
    return hash >>> 2;
  }
}
