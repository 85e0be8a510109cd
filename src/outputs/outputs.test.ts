import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CertificateBatch } from '../certificate/certificate-batch.js';
import { fakeEntries } from '../../test/support/fake-ct-log.js';
import { memoryJournal } from '../../test/support/feed.js';
import { BackPressure } from '../feed/back-pressure.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
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

function quickOutput(name: string): CertificateOutput {
  return {
    name,
    limit: { bytes: 1_000_000, records: 1000 },
    deliver: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

describe(Outputs.name, () => {
  it('releases what an output acknowledges at once when positions are not stored', async () => {
    const pressure = new BackPressure();
    const journal = memoryJournal(pressure);
    periodic = new PeriodicWork();
    outputs = new Outputs(config, new CertificateFeed(journal, pressure), periodic);
    outputs.register(quickOutput('quick'));
    await outputs.onApplicationBootstrap();
    periodic.beforeApplicationShutdown();
    let appended = 0;
    while (pressure.ready() === undefined) journal.append(fakeEntries(appended++ * 100, 100), 'next');
    await pressure.ready();
    await journal.durable();
    expect(outputs.registered()).toMatchObject([
      { backlog: { records: 0, entries: 0 }, stats: { entries: appended * 100 } },
    ]);
  });

  it('passes the batches of the streams on, so that all outputs and clients share their texts', async () => {
    const pressure = new BackPressure();
    const feed = new CertificateFeed(memoryJournal(pressure), pressure);
    periodic = new PeriodicWork();
    outputs = new Outputs(config, feed, periodic);
    const seen: CertificateBatch[] = [];
    feed.batches$.subscribe((batch) => seen.push(batch));
    for (const name of ['one', 'two'])
      outputs.register({
        ...quickOutput(name),
        deliver: (records) => Promise.resolve(void seen.push(...records.map(({ batch }) => batch))),
      });
    await outputs.onApplicationBootstrap();
    feed.publish(fakeEntries(0, 2));
    await expect.poll(() => seen.length).toBe(3);
    expect(new Set(seen).size).toBe(1);
  });

  it('keeps no old records for an output that is registered during a save', async () => {
    const path = await mkdtemp(join(tmpdir(), 'outputs-'));
    const pressure = new BackPressure();
    const journal = memoryJournal(pressure);
    periodic = new PeriodicWork();
    outputs = new Outputs(
      { ...config, store: 'disk', path },
      new CertificateFeed(journal, pressure),
      periodic,
    );
    outputs.register(quickOutput('early'));
    await outputs.onApplicationBootstrap();
    journal.append(fakeEntries(0, 2), 'next');
    await expect.poll(() => outputs?.registered()[0].backlog.records).toBe(0);
    const released: string[] = [];
    const release = journal.release.bind(journal);
    journal.release = (name, seq) => {
      released.push(`${name} ${seq}`);
      release(name, seq);
    };
    const saved = outputs.save();
    await Promise.resolve();
    await Promise.resolve();
    outputs.register(quickOutput('late'));
    await saved;
    expect(released).toEqual(['late 1', 'early 1']);
    await outputs.beforeApplicationShutdown();
    outputs = undefined;
    await rm(path, { recursive: true });
  });
});
