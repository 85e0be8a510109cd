import type { FlightBudget, Load, Operator } from './flight-budget.js';

/** Room is kept this long for an answer that has not come. After that, only octets that have come are charged. */
const LAPSE_MS = 1000;
/** An answer may be so many times larger than expected, base64 and JSON included, before it has to fit into what is free. */
const EXPECTED_EXCESS = 2;

/** What one request takes of a {@link FlightBudget}, from when it is sent until its entries are delivered. */
export class Lease {
  private charged: Load = { entries: 0, bytes: 0 };
  private arrived = 0;
  private isLapsed = false;
  private isReleased = false;
  private readonly cancelLapse: () => void;

  constructor(
    private readonly load: Load,
    private readonly budget: FlightBudget,
    private readonly operator: Operator,
    private readonly onRelease: () => void,
  ) {
    this.charge(load.entries, load.bytes);
    this.cancelLapse = budget.clock.after(LAPSE_MS, () => this.lapse());
  }

  /**
   * `bytes` more of the answer have come.
   * @returns false when there is no room for an answer that is much larger or much later than expected.
   */
  arriving(bytes: number): boolean {
    this.arrived += bytes;
    const isExpected = !this.isLapsed && this.arrived <= EXPECTED_EXCESS * this.load.bytes;
    if (this.isReleased || !(isExpected || this.hasRoom(this.arrived))) return false;
    if (this.arrived > this.charged.bytes) this.charge(this.load.entries, this.arrived);
    return true;
  }

  /** The answer is there and takes `bytes`. @returns false when there is no room for it, as with {@link arriving}. */
  resize(bytes: number): boolean {
    if (this.isReleased) return false;
    this.cancelLapse();
    if (bytes > EXPECTED_EXCESS * this.load.bytes && !this.hasRoom(bytes)) return false;
    this.charge(this.load.entries, bytes);
    return true;
  }

  /** Gives the room back, once. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.cancelLapse();
    this.onRelease();
    this.charge(0, 0);
    // Also when nothing was charged any more: the log may have something else in flight now.
    this.budget.onRoom();
  }

  /**
   * Whether so many bytes fit: what is guaranteed always does, and anything while nobody else has taken anything, or it would
   * never come. Else the operator may take no more than it leaves free.
   */
  private hasRoom(bytes: number): boolean {
    const { budget, charged, operator } = this;
    const others = budget.used.bytes - charged.bytes;
    const own = operator.bytes - charged.bytes + bytes;
    return bytes <= budget.guaranteed.bytes || others === 0 || own <= budget.capacity.bytes - others - bytes;
  }

  private lapse(): void {
    this.isLapsed = true;
    this.charge(this.arrived > 0 ? this.load.entries : 0, this.arrived);
  }

  private charge(entries: number, bytes: number): void {
    const { charged } = this;
    this.charged = { entries, bytes };
    this.budget.charge(this.operator, entries - charged.entries, bytes - charged.bytes);
  }
}
