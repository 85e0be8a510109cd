import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackPressure } from '../../src/feed/back-pressure.js';
import { DiskJournal } from '../../src/feed/journal/disk/disk-journal.js';
import { ENTRY_BATCH_CODEC } from '../../src/feed/journal/disk/journal-codec.js';
import type { ServerFiles } from './server-files.js';
import { type ServerCommand, THIS_SERVER } from './server-process.js';

const IDLE_MS = 3000;

/** Collects the indices of the entries of several logs that a receiver has kept. Entries may be repeated. */
export class KeptEntries {
  private readonly logs = new Map<string, Set<number>>();
  /** Number of repetitions. */
  repeated = 0;

  add(url: string, index: number): void {
    const known = this.logs.get(url) ?? new Set();
    this.logs.set(url, known);
    if (known.has(index)) this.repeated++;
    known.add(index);
  }

  /** Returns one line if entries of [from, to) are missing, else none. */
  missing(receiver: string, url: string, from: number, to: number): string[] {
    const known = this.logs.get(url) ?? new Set();
    const missing = Array.from({ length: to - from }, (_, i) => from + i).filter(
      (index) => !known.has(index),
    );
    if (missing.length === 0) return [];
    return [`${receiver} lacks ${missing.length} entries of ${url}, the first is ${missing[0]}`];
  }
}

const outputFile = ({ folder }: ServerFiles): string => join(folder, 'output.txt');

/** Returns the command of a server with an output that acknowledges after 1.5 s. */
export function slowOutputServer(files: ServerFiles): ServerCommand {
  return {
    ...THIS_SERVER,
    options: ['--module', fileURLToPath(new URL('../../../bench/support/slow-output.mjs', import.meta.url))],
    environment: { SLOW_OUTPUT_FILE: outputFile(files) },
  };
}

/** Returns the entries that the output has acknowledged in all runs. */
export function outputEntries(files: ServerFiles): KeptEntries {
  const kept = new KeptEntries();
  const path = outputFile(files);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  for (const line of lines) {
    const [url, index] = line.split(' ');
    if (index !== undefined) kept.add(url, Number(index));
  }
  return kept;
}

/** Returns the entries in the journal on disk after the last run. */
export async function journalEntries({ folder }: ServerFiles): Promise<KeptEntries> {
  const kept = new KeptEntries();
  const journal = await DiskJournal.open(
    { folder: join(folder, 'journal'), maxBytes: 2 ** 40, maxAgeMs: 2 ** 40, onFull: 'wait' },
    ENTRY_BATCH_CODEC,
    new BackPressure(),
    { log: () => undefined, warn: () => undefined },
  );
  const stop = new AbortController();
  // The newest records may be ones that no reader gets, so the end of the journal is a pause.
  const idle = setTimeout(() => stop.abort(), IDLE_MS);
  for await (const item of journal.read({ after: journal.oldest - 1 }, stop.signal)) {
    idle.refresh();
    if (!('batch' in item)) throw new Error(`the journal has a hole from record ${item.from} to ${item.to}`);
    const { source, firstIndex, count } = item.batch;
    for (let i = 0; i < count; i++) kept.add(source.url, firstIndex + i);
  }
  await journal.close();
  return kept;
}
