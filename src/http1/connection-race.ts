import type { Socket } from 'node:net';
import type { Clock } from '../kernel/clock.js';

/** Time after which the next address is tried in parallel (RFC 8305, section 5). The earlier attempt continues and may win. */
const ATTEMPT_DELAY_MS = 250;
/** Most addresses that are tried at the same time. */
const MAX_ATTEMPTS = 16;
/** Age from which an attempt is dropped to make room for an address that has not been tried. */
const LEAST_ATTEMPT_MS = 5000;
/** Most addresses that an error message names. */
const MAX_NAMED = 6;

interface Attempt {
  readonly socket: Socket;
  readonly begun: number;
}

export interface RaceOwner {
  /** Begins to connect to an address. @throws an error if that is impossible. */
  open(address: string): Socket;
  /** Called with the first socket that is connected. No further call follows. */
  won(socket: Socket, address: string): void;
  /** Called when no address is left. */
  lost(): void;
  /** Called when an address failed, or was slower than an address that was tried after it. */
  tooSlow(address: string): void;
}

/** Connects to the first address that answers. It tries the addresses in their order, each 250 ms after the previous (RFC 8305). */
export class ConnectionRace {
  private readonly underWay = new Map<string, Attempt>();
  private readonly reasons = new Map<string, string>();
  private readonly left: string[];
  private stopWaiting: () => void = () => undefined;
  private isOver = false;

  constructor(
    addresses: readonly string[],
    private readonly owner: RaceOwner,
    private readonly clock: Pick<Clock, 'now' | 'after'>,
  ) {
    this.left = [...addresses];
  }

  start(): void {
    this.next();
  }

  /** Lists the addresses and their results: `192.0.2.1 ECONNREFUSED, 2001:db8::1 no answer`. */
  describe(): string {
    const all = [...this.reasons, ...[...this.underWay.keys()].map((address) => [address, 'no answer'])];
    const named = all.slice(0, MAX_NAMED).map((each) => each.join(' '));
    const others = all.length + this.left.length - named.length;
    return named.join(', ') + (others > 0 ? ` and ${others} more` : '');
  }

  /** Ends the race. The owner then gets only calls of `tooSlow`. Does nothing after the race. */
  cancel(): void {
    this.end(this.clock.now() - ATTEMPT_DELAY_MS);
  }

  /** Tries one more address, and schedules the next call if more addresses are left. */
  private next(): void {
    this.stopWaiting();
    if (this.isOver) return;
    while (this.left.length > 0 && this.hasRoom()) if (this.begin(this.left.shift() as string)) break;
    if (this.left.length > 0) this.stopWaiting = this.clock.after(ATTEMPT_DELAY_MS, () => this.next());
    else if (this.underWay.size === 0) {
      this.isOver = true;
      this.owner.lost();
    }
  }

  private hasRoom(): boolean {
    if (this.underWay.size < MAX_ATTEMPTS) return true;
    const [[address, { socket, begun }]] = this.underWay;
    if (this.clock.now() - begun < LEAST_ATTEMPT_MS) return false;
    this.drop(address, 'no answer');
    socket.destroy();
    return true;
  }

  private begin(address: string): boolean {
    let socket: Socket;
    try {
      socket = this.owner.open(address);
    } catch (error) {
      this.drop(address, reasonOf(error as NodeJS.ErrnoException));
      return false;
    }
    this.underWay.set(address, { socket, begun: this.clock.now() });
    const onError = (error: Error): void => {
      if (!this.underWay.has(address)) return;
      this.drop(address, reasonOf(error));
      this.next();
    };
    socket.on('error', onError);
    socket.once('connect', () => {
      if (!this.underWay.has(address)) return;
      socket.off('error', onError);
      this.win(socket, address);
    });
    return true;
  }

  private drop(address: string, reason: string): void {
    this.underWay.delete(address);
    this.reasons.set(address, reason);
    this.owner.tooSlow(address);
  }

  private win(socket: Socket, winner: string): void {
    const begun = this.underWay.get(winner)?.begun ?? 0;
    this.underWay.delete(winner);
    this.end(begun);
    this.owner.won(socket, winner);
  }

  /** @param time attempts that began before it count as too slow. */
  private end(time: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopWaiting();
    for (const [address, { socket, begun }] of this.underWay) {
      if (begun < time) this.owner.tooSlow(address);
      socket.destroy();
    }
    this.underWay.clear();
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code ?? message;
}
