import { Injectable, Module, type OnModuleInit, type Type } from '@nestjs/common';
import { type CertificateOutput, type OutputRecord, Outputs, OutputsModule } from '../../src/public-api.js';

/** An output of a module that acknowledges, waits or fails as the test says, and remembers what it has acknowledged. */
export class GatedOutput implements CertificateOutput {
  readonly limit = { bytes: 100_000, records: 10 };
  /** Log indices of each acknowledged record, by its number. */
  readonly records = new Map<number, readonly number[]>();
  /** Thrown by each delivery while it is set. */
  failure: Error | undefined;
  /** Calls of {@link deliver}. */
  calls = 0;
  private open: () => void = () => undefined;
  private gate: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly required = false,
  ) {}

  /** Lets deliveries wait until {@link resume}. */
  pause(): void {
    this.gate = new Promise((resolve) => (this.open = resolve));
  }

  resume(): void {
    this.open();
  }

  async deliver(records: readonly OutputRecord[], signal: AbortSignal): Promise<void> {
    this.calls++;
    let stop = (): void => undefined;
    const aborted = new Promise<void>((resolve) => (stop = resolve));
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([this.gate, aborted]);
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    for (const { seq, batch } of records)
      this.records.set(
        seq,
        [...batch].map(({ index }) => index),
      );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Log indices in the order of the acknowledgements. */
  get indices(): readonly number[] {
    return [...this.records.values()].flat();
  }
}

/** Returns a module that registers outputs. */
export function outputsModule(...outputs: readonly CertificateOutput[]): Type {
  @Injectable()
  class Registration implements OnModuleInit {
    constructor(private readonly registry: Outputs) {}

    onModuleInit(): void {
      for (const output of outputs) this.registry.register(output);
    }
  }
  @Module({ imports: [OutputsModule], providers: [Registration] })
  class GatedOutputsModule {}
  return GatedOutputsModule;
}
