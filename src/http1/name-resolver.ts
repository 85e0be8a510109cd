import { isIP } from 'node:net';
import { Backoff } from '../kernel/backoff.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import { type NameSystem, operatingSystem } from '../kernel/name-system.js';

/** How long an answer is used without a new look-up. getaddrinfo does not report how long it is valid. */
const FRESH_MS = 60_000;
/** How long an old answer is used if there is no new one. */
const STALE_MS = 24 * 3_600_000;
/** A look-up that takes longer counts as hanging: the name servers are queried in parallel, and an old answer is used. */
const PATIENCE_MS = 500;
/** Shortest time between two look-ups of a name whose addresses do not work. */
const LEAST_FRESH_MS = 1000;
/** Pause before a name is looked up again after a failure. Each further failure in a row doubles it. */
const RETRIES = { firstMs: 500, longestMs: 10_000 };
/** Most addresses of a name that are used. */
const MAX_ADDRESSES = 64;
/** Number of names from which unused names are forgotten: over the years, log lists name new hosts. */
const MANY_NAMES = 500;
const LOCALHOST = ['127.0.0.1', '::1'];

interface KnownName {
  /** Addresses of the last answer; empty before the first answer. */
  addresses: readonly string[];
  answeredAt: number;
  freshUntil: number;
  /** The error of the last look-up, if it failed. */
  failure: Error | undefined;
  readonly backoff: Backoff;
  /** The pending look-up. */
  lookup: PendingLookup | undefined;
  isQueried: boolean;
}

/** A look-up by the operating system. */
interface PendingLookup {
  /**
   * Resolves when the system or the name servers have answered, when the look-up failed, or when it hangs and an old answer
   * can be used.
   */
  readonly settled: Promise<void>;
  readonly settle: () => void;
  /** Whether it has taken longer than {@link PATIENCE_MS}. */
  isHanging: boolean;
}

/** A name has no address, or the resolver does not answer. */
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
 * Looks up the addresses of names. It keeps answers, so that connections do not wait for the resolver. A look-up that hangs
 * does not delay names that have an old answer or that the name servers answer. There is one look-up per name at a time,
 * and only one at a time for all names whose last look-up failed.
 */
export class NameResolver {
  private readonly names = new Map<string, KnownName>();
  private failing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly system: NameSystem = operatingSystem,
    private readonly clock: Pick<Clock, 'now' | 'after' | 'random'> = systemClock,
  ) {}

  /**
   * Returns the addresses of a host, at least one.
   * @param host a name, or an address without brackets.
   * @throws NameResolutionError if the look-up fails. While the resolver does not answer, this function keeps waiting.
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

  /** Reports that the addresses of a host did not work. The name is then looked up again, since the host may have moved. */
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

  /** Runs look-ups of names that failed before one after the other: if they hang, they block one thread and not all threads. */
  private inTurn(host: string, name: KnownName): Promise<readonly string[]> {
    if (!name.backoff.isFailing) return this.system.lookup(host);
    const turn = this.failing.then(() =>
      name.freshUntil > this.clock.now() ? name.addresses : this.system.lookup(host),
    );
    this.failing = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Queries the name servers in addition to the operating system. If they do not know the name, that means nothing: it may be
   * a short name that only the operating system can complete.
   */
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
