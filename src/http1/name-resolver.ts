import { isIP } from 'node:net';
import { Backoff } from '../kernel/backoff.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import { type NameSystem, operatingSystem } from './name-system.js';

/** An answer is used for so long without asking again; getaddrinfo does not say how long it holds. */
const FRESH_MS = 60_000;
/** An old answer serves for so long while there is no new one. */
const STALE_MS = 24 * 3_600_000;
/** A look-up that takes longer hangs: the name servers are asked beside it, and an old answer is used. */
const PATIENCE_MS = 500;
/** A name whose addresses do not work is looked up again, but not more often. */
const LEAST_FRESH_MS = 1000;
/** After a failure a name is left alone for this long, doubled with each failure in a row. */
const RETRIES = { firstMs: 500, longestMs: 10_000 };
/** More addresses than a sensible name has are not tried. */
const MAX_ADDRESSES = 64;
/** From so many names on those without use are forgotten: log lists name new hosts over the years. */
const MANY_NAMES = 500;
const LOCALHOST = ['127.0.0.1', '::1'];

interface KnownName {
  /** Of the last answer; empty before the first. */
  addresses: readonly string[];
  answeredAt: number;
  freshUntil: number;
  /** Of the last look-up, when it failed. */
  failure: Error | undefined;
  readonly backoff: Backoff;
  /** The look-up under way. */
  lookup: PendingLookup | undefined;
  isQueried: boolean;
}

/** A look-up by the operating system. */
interface PendingLookup {
  /** Resolves with the first answer of the system or of the name servers, when it failed, or when an old answer has to do. */
  readonly settled: Promise<void>;
  readonly settle: () => void;
  /** Whether it has taken longer than a look-up takes. */
  isHanging: boolean;
}

/** A name has no address, or nobody says which. */
export class NameResolutionError extends Error {
  override readonly name = 'NameResolutionError';

  constructor(host: string, cause?: NodeJS.ErrnoException) {
    const { code = 'no address' } = cause ?? {};
    super(
      code === 'EAI_AGAIN'
        ? `the resolver does not answer for ${host} (${code})`
        : `the name ${host} does not resolve (${code})`,
      { cause },
    );
  }
}

/**
 * Addresses of names. An answer is kept, so that connections do not wait for the resolver; a look-up that hangs holds up
 * neither names that were answered before nor those that the name servers answer. One look-up per name at a time, one at a
 * time of all names whose last one failed.
 */
export class NameResolver {
  private readonly names = new Map<string, KnownName>();
  private failing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly system: NameSystem = operatingSystem,
    private readonly clock: Pick<Clock, 'now' | 'after' | 'random'> = systemClock,
  ) {}

  /**
   * The addresses of a host, a name or an address without brackets; at least one.
   * @throws NameResolutionError. Does not fail while the resolver just says nothing.
   */
  async resolve(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    if (host === 'localhost' || host.endsWith('.localhost')) return LOCALHOST;
    const name = this.name(host);
    const now = this.clock.now();
    if (name.freshUntil > now) return name.addresses;
    if (name.lookup?.isHanging === true) {
      void this.query(host, name);
      if (this.isUsable(name)) return name.addresses;
    }
    if (name.lookup !== undefined || name.backoff.isOver) {
      await (name.lookup ?? this.lookUp(host, name)).settled;
    }
    if (this.isUsable(name)) return name.addresses;
    throw name.failure ?? new NameResolutionError(host);
  }

  /** The addresses of a host did not work: it may have moved. */
  doubt(host: string): void {
    const name = this.names.get(host);
    const now = this.clock.now();
    if (name !== undefined && name.answeredAt + LEAST_FRESH_MS <= now) name.freshUntil = now;
  }

  private name(host: string): KnownName {
    let name = this.names.get(host);
    if (name === undefined) {
      this.forgetUnused();
      name = {
        addresses: [],
        answeredAt: -Infinity,
        freshUntil: -Infinity,
        failure: undefined,
        backoff: new Backoff(RETRIES, this.clock),
        lookup: undefined,
        isQueried: false,
      };
      this.names.set(host, name);
    }
    return name;
  }

  private isUsable({ addresses, answeredAt }: KnownName): boolean {
    return addresses.length > 0 && this.clock.now() - answeredAt < STALE_MS;
  }

  private lookUp(host: string, name: KnownName): PendingLookup {
    let settle!: () => void;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const lookup: PendingLookup = { settled, settle, isHanging: false };
    const endPatience = this.clock.after(PATIENCE_MS, () => {
      lookup.isHanging = true;
      void this.query(host, name);
      if (this.isUsable(name)) settle();
    });
    name.lookup = lookup;
    void this.ask(host, name).finally(() => {
      endPatience();
      name.lookup = undefined;
      settle();
    });
    return lookup;
  }

  private async ask(host: string, name: KnownName): Promise<void> {
    try {
      const addresses = await this.inTurn(host, name);
      if (addresses.length === 0) this.failed(name, new NameResolutionError(host));
      else this.answered(name, addresses);
    } catch (error) {
      this.failed(name, new NameResolutionError(host, error as NodeJS.ErrnoException));
    }
  }

  /** Names that failed may hang, and hold one thread then, not all of them. */
  private inTurn(host: string, name: KnownName): Promise<readonly string[]> {
    if (!name.backoff.isFailing) return this.system.lookup(host);
    const turn = this.failing.then(() =>
      name.freshUntil > this.clock.now() ? name.addresses : this.system.lookup(host),
    );
    this.failing = turn.catch(() => undefined);
    return turn;
  }

  /** Asks the name servers beside the operating system. That they do not know a name says nothing: it may be a short one. */
  private async query(host: string, name: KnownName): Promise<void> {
    if (name.isQueried) return;
    name.isQueried = true;
    const addresses = await this.system.query(host).catch(() => []);
    name.isQueried = false;
    if (addresses.length === 0 || name.lookup === undefined) return;
    this.answered(name, addresses);
    name.lookup.settle();
  }

  private answered(name: KnownName, addresses: readonly string[]): void {
    const now = this.clock.now();
    name.addresses = [...new Set(addresses)].slice(0, MAX_ADDRESSES);
    name.answeredAt = now;
    name.freshUntil = now + FRESH_MS;
    name.failure = undefined;
    name.backoff.reset();
  }

  private failed(name: KnownName, failure: Error): void {
    name.backoff.failed();
    name.failure = failure;
  }

  private forgetUnused(): void {
    if (this.names.size < MANY_NAMES) return;
    for (const [host, name] of this.names)
      if (name.lookup === undefined && name.backoff.isOver && !this.isUsable(name)) this.names.delete(host);
  }
}
