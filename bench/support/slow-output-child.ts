/**
 * Runs the server with an output that acknowledges late: `slow-output-child.js serve -c FILE`. 1.5 s after it received entries,
 * the output appends a line `<log URL> <index>` for each of them to the file named by SLOW_OUTPUT_FILE.
 */
import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Module, type OnModuleInit } from '@nestjs/common';
import { runUntilSignal } from '../../src/cli/run-until-signal.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { CertificateOutput, OutputRecord } from '../../src/outputs/certificate-output.js';
import { Outputs } from '../../src/outputs/outputs.js';
import { OutputsModule } from '../../src/outputs/outputs.module.js';
import { startServer } from '../../src/start-server.js';

const ACKNOWLEDGED_AFTER_MS = 1500;

class SlowOutput implements CertificateOutput {
  readonly name = 'slow';
  readonly limit = { bytes: 16 * 1024 * 1024, records: 10_000 };

  constructor(private readonly path: string) {}

  async deliver(records: readonly OutputRecord[], signal: AbortSignal): Promise<void> {
    await delay(ACKNOWLEDGED_AFTER_MS, undefined, { signal });
    const lines: string[] = [];
    for (const { batch } of records)
      for (let i = 0; i < batch.count; i++) lines.push(`${batch.source.url} ${batch.firstIndex + i}\n`);
    appendFileSync(this.path, lines.join(''));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

@Module({ imports: [OutputsModule] })
class SlowOutputModule implements OnModuleInit {
  constructor(private readonly outputs: Outputs) {}

  onModuleInit(): void {
    this.outputs.register(new SlowOutput(process.env['SLOW_OUTPUT_FILE'] ?? 'slow-output.txt'));
  }
}

const loaded = loadConfig({ path: process.argv[4] });
await runUntilSignal(() => startServer(loaded.config, { ...loaded, imports: [SlowOutputModule] }));
