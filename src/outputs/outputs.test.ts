import { afterEach, describe, expect, it } from 'vitest';
import { fakeEntries } from '../../test/support/fake-ct-log.js';
import { memoryJournal } from '../../test/support/feed.js';
import { BackPressure } from '../feed/back-pressure.js';
import { PeriodicWork } from '../schedule/periodic-work.js';
import type { CertificateOutput } from './certificate-output.js';
import { Outputs } from './outputs.js';

const config = { store: 'memory', path: '', max_mb: 8, max_gb: 1, max_hours: 1, on_full: 'wait' } as const;

let outputs: Outputs | undefined;
let periodic: PeriodicWork;
afterEach(async () => {
  periodic.beforeApplicationShutdown();
  await outputs?.beforeApplicationShutdown();
});

describe(Outputs.name, () => {
  it('releases what an output acknowledges at once when positions are not stored', async () => {
    const pressure = new BackPressure();
    const journal = memoryJournal(pressure);
    periodic = new PeriodicWork();
    outputs = new Outputs(config, journal, periodic);
    const output: CertificateOutput = {
      name: 'quick',
      limit: { bytes: 1_000_000, records: 1000 },
      deliver: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    outputs.register(output);
    await outputs.onApplicationBootstrap();
    periodic.beforeApplicationShutdown();
    let appended = 0;
    while (pressure.ready() === undefined) journal.append(fakeEntries(appended++ * 100, 100), 'next');
    await pressure.ready();
    await journal.durable();
    expect(outputs.registered()).toMatchObject([{ backlog: 0, stats: { entries: appended * 100 } }]);
  });
});
