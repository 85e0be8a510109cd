import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { type CertificateOutput, Outputs, type OutputRecord, OutputsModule } from '../src/public-api.js';
import { TestSystem } from '../src/testing/test-system.js';

/** Records the indices that it acknowledges. It waits for `gate`. */
class ListOutput implements CertificateOutput {
  readonly name = 'list';
  readonly limit = { bytes: 1_000_000, records: 100 };
  readonly indices = new Map<string, number[]>();
  gate: Promise<void> = Promise.resolve();

  async deliver(records: readonly OutputRecord[]): Promise<void> {
    await this.gate;
    for (const { batch } of records) {
      const known = this.indices.get(batch.source.name) ?? [];
      this.indices.set(batch.source.name, known);
      for (const entry of batch) known.push(entry.index);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function moduleOf(output: CertificateOutput) {
  @Injectable()
  class Registration implements OnModuleInit {
    constructor(private readonly outputs: Outputs) {}

    onModuleInit(): void {
      this.outputs.register(output);
    }
  }
  @Module({ imports: [OutputsModule], providers: [Registration] })
  class OutputModule {}
  return OutputModule;
}

let system: TestSystem | undefined;
afterEach(async () => {
  await system?.close();
  system = undefined;
});

const WAIT = { timeout: 30_000 };
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('an output of a module', () => {
  it('gets every entry in order', async () => {
    const output = new ListOutput();
    system = await TestSystem.start({
      logs: [
        { name: 'a', initialEntries: 10 },
        { name: 'b', protocol: 'static-ct', initialEntries: 5 },
      ],
      imports: [moduleOf(output)],
    });
    const [a, b] = system.simulator.logs;
    a.append(30);
    b.append(300);
    a.publish();
    b.publish();
    await expect.poll(() => output.indices.get("Simulator 'a'")?.length, WAIT).toBe(30);
    await expect.poll(() => output.indices.get("Simulator 'b'")?.length, WAIT).toBe(300);
    expect(output.indices.get("Simulator 'a'")).toEqual(range(10, 40));
    expect(output.indices.get("Simulator 'b'")).toEqual(range(5, 305));
  });
});
