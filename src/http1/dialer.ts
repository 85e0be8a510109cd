import { isIPv6, type Socket } from 'node:net';
import { type Clock, systemClock } from '../kernel/clock.js';
import { ConnectionRace, type RaceOwner } from './connection-race.js';
import { NameResolver } from './name-resolver.js';

export interface DialOptions {
  /** A name, or an address without brackets. */
  readonly host: string;
  /** Begins to connect to an address of the host. @throws an error if that is impossible. */
  open(address: string): Socket;
  onConnect(socket: Socket, address: string): void;
  /** @param error a NameResolutionError, or a DialError that names the addresses. */
  onError(error: Error): void;
}

/** No connection could be made to any address of a host. */
export class DialError extends Error {
  override readonly name = 'DialError';
}

/**
 * Connects to hosts through any of their addresses that works. Addresses that failed or were slow are tried last from then
 * on, so a dead address costs its delay only once. If no address works, the name is looked up again.
 */
export class Dialer {
  /** By host, the addresses that failed or were slow, the latest last. */
  private readonly slow = new Map<string, Set<string>>();

  constructor(
    readonly resolver = new NameResolver(),
    readonly clock: Pick<Clock, 'now' | 'after'> = systemClock,
  ) {}

  /** Connects to a host. The callbacks run after this function has returned. */
  dial(options: DialOptions): Dial {
    const dial = new Dial(this, options);
    void dial.start();
    return dial;
  }

  /** Reports that an address failed. The name is then looked up again, since the host may have moved. */
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

  /** Sorts addresses into the best order for attempts. */
  ordered(host: string, addresses: readonly string[]): string[] {
    const slow = [...(this.slow.get(host) ?? [])].filter((address) => addresses.includes(address));
    if (slow.length === 0) this.slow.delete(host);
    else this.slow.set(host, new Set(slow));
    return [...alternating(addresses.filter((address) => !slow.includes(address))), ...slow];
  }
}

/** A pending attempt to connect to a host. */
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

  /** Describes what the attempt waits for. */
  describe(): string {
    const { host } = this.options;
    if (this.race === undefined) return `the name ${host} is still being looked up`;
    return `no connection to ${host}: ${this.race.describe()}`;
  }

  /** Ends the attempt without a callback. */
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

  /** Looks up the name again and tries new addresses, since the host may have moved. */
  lost(): void {
    this.dialer.resolver.doubt(this.options.host);
    void this.start();
  }

  tooSlow(address: string): void {
    this.dialer.failed(this.options.host, address);
  }
}

/**
 * Alternates addresses of both families, beginning with the family of the first address: all addresses of one family may be
 * dead (RFC 8305, section 4).
 */
function alternating(addresses: readonly string[]): string[] {
  const isFirst = isIPv6(addresses[0] ?? '');
  const first = addresses.filter((address) => isIPv6(address) === isFirst);
  const second = addresses.filter((address) => isIPv6(address) !== isFirst);
  return first
    .flatMap((address, i) => [address, ...second.slice(i, i + 1)])
    .concat(second.slice(first.length));
}
