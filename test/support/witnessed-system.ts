import type { TestConfig } from '../../src/testing/test-system.js';
import type { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem } from '../../src/testing/test-system.js';

/** The server with one log and a well-behaved client of the lite stream that watches during an attack. */
export class WitnessedSystem {
  /** Number of entries that were published since {@link witness} connected. */
  published = 0;

  private constructor(
    readonly system: TestSystem,
    readonly witness: StreamReader,
  ) {}

  /** @param config in addition to compression, which gives clients more ways to attack. */
  static async start({ webserver, ...rest }: TestConfig): Promise<WitnessedSystem> {
    const listener = { listen_addr: '127.0.0.1', compression_enabled: true };
    const config = { ...rest, webserver: Object.assign(listener, webserver) };
    const system = await TestSystem.start({ logs: [{ name: 'log' }], config });
    return new WitnessedSystem(system, await system.connect('/'));
  }

  /** The address of the server for clients with raw sockets. */
  get target(): { port: number; host: string } {
    return { port: Number(new URL(this.system.server.url).port), host: '127.0.0.1' };
  }

  publish(count: number): void {
    const log = this.system.simulator.log('log');
    log.append(count);
    log.publish();
    this.published += count;
  }

  /** Resolves when the witness has received every message. */
  everyMessage(): Promise<unknown> {
    return this.witness.until(({ frames }) => frames.length >= this.published, 'every message');
  }
}
