// A module for `certstream-server serve --module`: an output that acknowledges late. It appends a line `<log URL> <index>` for each
// entry to the file that SLOW_OUTPUT_FILE names, 1.5 s after it got the entries.
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Module } from '@nestjs/common';
import { Outputs, OutputsModule } from 'certstream-server-nest';

const ACKNOWLEDGED_AFTER_MS = 1500;

const slowOutput = {
  name: 'slow',
  limit: { bytes: 16 * 1024 * 1024, records: 10_000 },
  async deliver(records, signal) {
    await delay(ACKNOWLEDGED_AFTER_MS, undefined, { signal });
    const lines = records.flatMap(({ batch }) =>
      Array.from({ length: batch.count }, (_, i) => `${batch.source.url} ${batch.firstIndex + i}\n`),
    );
    appendFileSync(process.env.SLOW_OUTPUT_FILE, lines.join(''));
  },
  async close() {},
};

export default class SlowOutputModule {
  constructor(outputs) {
    this.outputs = outputs;
  }

  onModuleInit() {
    this.outputs.register(slowOutput);
  }
}
Module({ imports: [OutputsModule] })(SlowOutputModule);
Inject(Outputs)(SlowOutputModule, undefined, 0);
