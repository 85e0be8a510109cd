import type { TestConfig } from '../../src/testing/test-system.js';
import type { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem } from '../../src/testing/test-system.js';

/** The server on one log, while a well-behaved client of the lite stream watches whatever is done to the server. */
export class WitnessedSystem {
  /** Entries that were published since {@link witness} is there. */
  published = 0;

  private constructor(
    readonly system: TestSystem,
    readonly witness: StreamReader,
  ) {}

  /** @param config on top of compression, with which clients can do more. */
  static async start({ webserver, ...rest }: TestConfig): Promise<WitnessedSystem> {
    const listener = { listen_addr: '127.0.0.1', compression_enabled: true };
    const config = { ...rest, webserver: { ...listener, ...webserver } };
    const system = await TestSystem.start({ logs: [{ name: 'log' }], config });
    return new WitnessedSystem(system, await system.connect('/'));
  }

  /** For clients that speak bytes. */
  get target(): { port: number; host: string } {
    return { port: Number(new URL(this.system.server.url).port), host: '127.0.0.1' };
  }

  publish(count: number): void {
    const log = this.system.simulator.log('log');
    log.append(count);
    log.publish();
    this.published += count;
  }

  /** Resolves when the witness has got every message. */
  everyMessage(): Promise<unknown> {
    return this.witness.until(({ frames }) => frames.length >= this.published, 'every message');
  }
}
