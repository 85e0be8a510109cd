import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CertificateOutput, Outputs, type OutputRecord, OutputsModule } from '../src/public-api.js';
import { freePort } from '../src/testing/free-port.js';
import { TestSystem } from '../src/testing/test-system.js';
import { scrape } from './support/metrics.js';
import { range } from './support/range.js';

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

const WAIT = { timeout: 100_000 };

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

  it.each(['memory', 'disk'] as const)('has metrics of its own, and the journal has: %s', async (store) => {
    const path = mkdtempSync(join(tmpdir(), 'certstream-outputs-'));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    const output = new ListOutput();
    const fails = vi.spyOn(output, 'deliver').mockRejectedValueOnce(new Error('not now'));
    const listener = { listen_addr: '127.0.0.1', listen_port: await freePort() };
    system = await TestSystem.start({
      logs: [{ name: 'a', initialEntries: 10 }],
      config: { journal: { store, path }, webserver: listener, prometheus: { ...listener, enabled: true } },
      imports: [moduleOf(output)],
    });
    const [log] = system.simulator.logs;
    log.append(30);
    log.publish();
    await expect.poll(() => output.indices.get("Simulator 'a'")?.length, WAIT).toBe(30);
    expect(fails).toHaveBeenCalled();
    const value = async (name: string) =>
      (await scrape(system!, `${system!.server.url}/metrics`)).get(name) ?? Number.NaN;
    const ofOutput = (name: string) => value(`output_${name}{output="list"}`);
    await expect.poll(() => ofOutput('acknowledged_entries_total'), WAIT).toBe(30);
    expect(await ofOutput('failures_total')).toBe(1);
    expect(await ofOutput('backlog_records')).toBe(0);
    expect(await ofOutput('skipped_records_total')).toBe(0);
    expect(await ofOutput('acknowledged_records_total')).toBe(await value('journal_newest_record'));
    expect(await ofOutput('last_acknowledgement_timestamp_seconds')).toBeGreaterThan(1_700_000_000);
    expect(await value('journal_segments')).toBe(store === 'disk' ? 1 : Number.NaN);
    expect(await value('journal_appended_entries_total')).toBe(store === 'disk' ? 30 : Number.NaN);
    expect((await system.get('/readyz')).status).toBe(200);
  });
});
