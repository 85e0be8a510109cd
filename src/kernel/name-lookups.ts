import { isIP } from 'node:net';
import { type NameSystem, operatingSystem } from './name-system.js';

/** A look-up that takes longer counts as hanging: the name servers are queried in addition. */
const PATIENCE_MS = 500;
/** Most names that are remembered because their last look-up hung. */
const MANY_SLOW_NAMES = 500;

type Addresses = Promise<readonly string[]>;

/** A look-up that the operating system has not answered. */
interface PendingLookup {
  /** The answer of the operating system. */
  readonly bySystem: Addresses;
  /** The answer of the operating system or of the name servers, whichever comes first. */
  readonly first: Addresses;
}

/**
 * Looks up names of servers. A look-up by the operating system blocks a thread until the name servers answer or the system gives
 * up, and the whole server has few of these threads. So there is one such look-up at a time, whatever the number of names and tries. Names
 * whose last look-up hung come after all others.
 */
export class NameLookups {
  private readonly pending = new Map<string, PendingLookup>();
  private readonly slowNames = new Set<string>();
  /** Look-ups that wait for their turn. */
  private readonly waiting: Record<'quick' | 'slow', (() => Promise<void>)[]> = { quick: [], slow: [] };
  private isBusy = false;

  constructor(private readonly system: NameSystem = operatingSystem) {}

  /**
   * Returns the addresses of a name. While the operating system hangs, the answer is that of the name servers.
   * @throws the error of the operating system. While nothing answers, this function keeps waiting.
   */
  addresses(name: string): Addresses {
    return this.lookUp(name).first;
  }

  /**
   * Resolves when the operating system has answered for a host. It is for libraries that look up names themselves: call it directly before, so that
   * they do not ask for a name that hangs.
   * @param host a name or an address.
   * @throws the error of the operating system, or an error after `withinMs`.
   */
  async answered(host: string, withinMs: number): Promise<void> {
    if (isIP(host) !== 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the name ${host} is not resolved in time`)), withinMs);
    });
    try {
      await Promise.race([this.lookUp(host).bySystem, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private lookUp(name: string): PendingLookup {
    const found = this.pending.get(name);
    if (found !== undefined) return found;
    const bySystem = this.inTurn(name);
    const lookup = { bySystem, first: this.orByNameServers(name, bySystem) };
    this.pending.set(name, lookup);
    const end = (): void => void this.pending.delete(name);
    bySystem.then(end, end);
    // The caller may use only one of the two.
    lookup.first.catch(() => undefined);
    return lookup;
  }

  private orByNameServers(name: string, bySystem: Addresses): Addresses {
    return new Promise((resolve, reject) => {
      const query = async (): Promise<void> => {
        const addresses = await this.system.query(name).catch(() => []);
        if (addresses.length > 0) resolve(addresses);
      };
      const timer = setTimeout(() => void query(), PATIENCE_MS);
      timer.unref();
      bySystem.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  private inTurn(name: string): Addresses {
    return new Promise((resolve, reject) => {
      this.waiting[this.slowNames.has(name) ? 'slow' : 'quick'].push(async () => {
        let isSlow = false;
        const timer = setTimeout(() => (isSlow = true), PATIENCE_MS);
        timer.unref();
        try {
          resolve(await this.system.lookup(name));
        } catch (error) {
          reject(error);
        }
        clearTimeout(timer);
        this.remember(name, isSlow);
      });
      void this.runNext();
    });
  }

  private async runNext(): Promise<void> {
    if (this.isBusy) return;
    const run = this.waiting.quick.shift() ?? this.waiting.slow.shift();
    if (run === undefined) return;
    this.isBusy = true;
    await run();
    this.isBusy = false;
    void this.runNext();
  }

  private remember(name: string, isSlow: boolean): void {
    if (!isSlow) this.slowNames.delete(name);
    else if (this.slowNames.size < MANY_SLOW_NAMES) this.slowNames.add(name);
  }
}

/** The look-ups of this process for all outputs and for the cluster. */
export const serverNames = new NameLookups();
