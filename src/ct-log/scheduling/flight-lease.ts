import type { FlightBudget, Load, Operator } from './flight-budget.js';

/** Room is reserved this long for an answer. After that, only the bytes that have arrived are charged. */
const LAPSE_MS = 1000;
/** An answer may exceed its expected size by this factor, for base64 and JSON, before it must fit into the free room. */
const EXPECTED_EXCESS = 2;

/** Lease is the part of a {@link FlightBudget} that one request takes, from when it is sent until its entries are delivered. */
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
   * Charges `bytes` more of the answer, which have arrived.
   * @returns false when the answer is much larger or much later than expected and there is no room for it.
   */
  arriving(bytes: number): boolean {
    this.arrived += bytes;
    const isExpected = !this.isLapsed && this.arrived <= EXPECTED_EXCESS * this.load.bytes;
    if (this.isReleased || !(isExpected || this.hasRoom(this.arrived))) return false;
    if (this.arrived > this.charged.bytes) this.charge(this.load.entries, this.arrived);
    return true;
  }

  /** Charges `bytes` for the whole answer after it has arrived. @returns false when there is no room, as with {@link arriving}. */
  resize(bytes: number): boolean {
    if (this.isReleased) return false;
    this.cancelLapse();
    if (bytes > EXPECTED_EXCESS * this.load.bytes && !this.hasRoom(bytes)) return false;
    this.charge(this.load.entries, bytes);
    return true;
  }

  /** Releases the room. Further calls have no effect. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.cancelLapse();
    this.onRelease();
    this.charge(0, 0);
    // Required even if nothing was charged: the log has one request fewer in flight, so another one may be admitted.
    this.budget.onRoom();
  }

  /**
   * Whether `bytes` fit. The guaranteed part always fits, and any answer fits while no other request takes room:
   * otherwise it could never be fetched. In all other cases the operator may take no more than it leaves free.
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
