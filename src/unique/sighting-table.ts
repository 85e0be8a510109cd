/** 32-bit numbers of a slot: the two halves of the identity, the first and the last sighting. */
const SLOT = 4;
const FIRST = 2;
const LAST = 3;
const SLOT_BYTES = SLOT * Int32Array.BYTES_PER_ELEMENT;
/** Part of the slots of a generation that are used before the next generation begins. Fuller tables need long searches. */
const LOAD = 0.85;
/** `first` and `last` of a certificate without sightings. No record has these numbers. */
export const NEVER_FIRST = 0x7fffffff;
export const NEVER_LAST = -0x80000000;

interface Generation {
  readonly slots: Int32Array;
  used: number;
  /** When it began, monotonic milliseconds. */
  readonly since: number;
}

/**
 * Remembers in which record each certificate was seen first and last, in a bounded hash table of 16 octets per certificate. It
 * has two generations. When the younger one is full, the older one is forgotten. A certificate that is seen again moves to the
 * younger one.
 */
export class SightingTable {
  /** The first and last sighting before the last call of {@link note} or {@link find}; {@link NEVER_FIRST} and {@link NEVER_LAST} without any. */
  first = NEVER_FIRST;
  last = NEVER_LAST;
  private readonly slotCount: number;
  private readonly capacity: number;
  private young: Generation;
  private old: Generation | undefined;

  /**
   * @param bytes size of the table
   * @param now monotonic milliseconds
   */
  constructor(
    bytes: number,
    private readonly now: () => number,
  ) {
    this.slotCount = Math.max(2, Math.floor(bytes / SLOT_BYTES / 2));
    this.capacity = Math.max(1, Math.floor(this.slotCount * LOAD));
    this.young = this.begin(new Int32Array(this.slotCount * SLOT));
  }

  /** Number of remembered certificates. One that moved from the older to the younger generation counts twice. */
  get size(): number {
    return this.young.used + (this.old?.used ?? 0);
  }

  /** Milliseconds since the oldest remembered sighting at most. All newer sightings are remembered. */
  get age(): number {
    return this.now() - (this.old ?? this.young).since;
  }

  /** Looks up the sightings of a certificate without adding one. `low` and `high` must not both be 0. */
  find(low: number, high: number): void {
    const at = this.slotOf(this.young, low, high);
    if (at < 0) this.readOld(low, high);
    else this.read(this.young, at);
  }

  /** Looks up the sightings of a certificate and adds one in the record `record`, a 32-bit integer. */
  note(low: number, high: number, record: number): void {
    const { slots } = this.young;
    let at = this.slotOf(this.young, low, high);
    if (at < 0) {
      this.readOld(low, high);
      at = ~at;
      slots[at] = low;
      slots[at + 1] = high;
      this.young.used++;
    } else this.read(this.young, at);
    slots[at + FIRST] = Math.min(this.first, record);
    slots[at + LAST] = Math.max(this.last, record);
    if (this.young.used >= this.capacity) this.forgetOld();
  }

  private readOld(low: number, high: number): void {
    const { old } = this;
    const at = old === undefined ? -1 : this.slotOf(old, low, high);
    if (old !== undefined && at >= 0) return this.read(old, at);
    this.first = NEVER_FIRST;
    this.last = NEVER_LAST;
  }

  private read({ slots }: Generation, at: number): void {
    this.first = slots[at + FIRST];
    this.last = slots[at + LAST];
  }

  /** Returns the start of the slot with the identity, or the complement of the start of the free slot for it. */
  private slotOf({ slots }: Generation, low: number, high: number): number {
    // The upper bits of the hash choose the slot.
    let at = SLOT * Math.floor(((low >>> 0) * this.slotCount) / 0x100000000);
    while (slots[at] !== low || slots[at + 1] !== high) {
      if (slots[at] === 0 && slots[at + 1] === 0) return ~at;
      at += SLOT;
      if (at === slots.length) at = 0;
    }
    return at;
  }

  private forgetOld(): void {
    const slots = this.old?.slots.fill(0) ?? new Int32Array(this.slotCount * SLOT);
    this.old = this.young;
    this.young = this.begin(slots);
  }

  private begin(slots: Int32Array): Generation {
    return { slots, used: 0, since: this.now() };
  }
}
