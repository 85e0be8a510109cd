import { isIPv6, type Socket } from 'node:net';
import { type Clock, systemClock } from '../kernel/clock.js';
import { ConnectionRace, type RaceOwner } from './connection-race.js';
import { NameResolver } from './name-resolver.js';

export interface DialOptions {
  /** A name or an address, without brackets. */
  readonly host: string;
  /** Begins to connect to an address of the host. @throws what makes that impossible. */
  open(address: string): Socket;
  onConnect(socket: Socket, address: string): void;
  /** @param error NameResolutionError, or a DialError that names the addresses. */
  onError(error: Error): void;
}

/** No address of a host could be connected to. */
export class DialError extends Error {
  override readonly name = 'DialError';
}

/**
 * Connects to hosts by whichever of their addresses works. Addresses that failed or were slow come last from then on: a
 * dead one among them costs its delay once. When none works the name is looked up anew.
 */
export class Dialer {
  /** Addresses that failed or were slow, the latest last, by host. */
  private readonly slow = new Map<string, Set<string>>();

  constructor(
    readonly resolver = new NameResolver(),
    readonly clock: Pick<Clock, 'now' | 'after'> = systemClock,
  ) {}

  /** Calls back later, never before it has returned. */
  dial(options: DialOptions): Dial {
    const dial = new Dial(this, options);
    void dial.start();
    return dial;
  }

  /** A connection to the address was of no use; if all are, the host may have moved. */
  failed(host: string, address: string): void {
    this.resolver.doubt(host);
    this.worked(host, address);
    const slow = this.slow.get(host);
    if (slow === undefined) this.slow.set(host, new Set([address]));
    else slow.add(address);
  }

  worked(host: string, address: string): void {
    this.slow.get(host)?.delete(address);
  }

  /** In the order in which they are best tried. */
  ordered(host: string, addresses: readonly string[]): string[] {
    const slow = [...(this.slow.get(host) ?? [])].filter((address) => addresses.includes(address));
    if (slow.length === 0) this.slow.delete(host);
    else this.slow.set(host, new Set(slow));
    return [...alternating(addresses.filter((address) => !slow.includes(address))), ...slow];
  }
}

/** A connection that is being made. */
export class Dial implements RaceOwner {
  private readonly tried: string[] = [];
  private race: ConnectionRace | undefined;
  private isOver = false;

  constructor(
    private readonly dialer: Dialer,
    private readonly options: DialOptions,
  ) {}

  async start(): Promise<void> {
    const { host } = this.options;
    try {
      const addresses = await this.dialer.resolver.resolve(host);
      if (this.isOver) return;
      const ordered = this.dialer.ordered(host, addresses);
      const untried = ordered.filter((address) => !this.tried.includes(address));
      if (untried.length === 0) throw new DialError(this.describe());
      this.tried.push(...untried);
      this.race = new ConnectionRace(untried, this, this.dialer.clock);
      this.race.start();
    } catch (error) {
      if (this.isOver) return;
      this.isOver = true;
      this.options.onError(error as Error);
    }
  }

  /** What there is to wait for, for people. */
  describe(): string {
    const { host } = this.options;
    if (this.race === undefined) return `the name ${host} is still being looked up`;
    return `no connection to ${host}: ${this.race.describe()}`;
  }

  /** Nothing more is told. */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.dialer.resolver.doubt(this.options.host);
    this.race?.cancel();
  }

  open(address: string): Socket {
    return this.options.open(address);
  }

  won(socket: Socket, address: string): void {
    this.isOver = true;
    this.race = undefined;
    this.dialer.worked(this.options.host, address);
    this.options.onConnect(socket, address);
  }

  /** The host may have moved. */
  lost(): void {
    this.dialer.resolver.doubt(this.options.host);
    void this.start();
  }

  tooSlow(address: string): void {
    this.dialer.failed(this.options.host, address);
  }
}

/** One of each family in turn, where the first of them begins: one family may be dead altogether (RFC 8305, section 4). */
function alternating(addresses: readonly string[]): string[] {
  const isFirst = isIPv6(addresses[0] ?? '');
  const first = addresses.filter((address) => isIPv6(address) === isFirst);
  const second = addresses.filter((address) => isIPv6(address) !== isFirst);
  return first
    .flatMap((address, i) => [address, ...second.slice(i, i + 1)])
    .concat(second.slice(first.length));
}
