import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterSection } from '../src/config/sections/cluster.js';
import { journalSection } from '../src/config/sections/journal.js';
import { BackPressure } from '../src/feed/back-pressure.js';
import { createJournal } from '../src/feed/journal/create-journal.js';
import { readAll } from '../src/feed/journal/testing/journal-batches.js';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const URL_OF_LOG = 'https://log.example';

/**
 * Appends two entries at a time after the last entry of the journal and prints the durable records: `<records> <index
 * after the last entry>`, or the error of a rejection. It ends when its standard input ends.
 */
const WRITER = `
import { EntryBatchBuilder } from '${DIST}/certificate/entry-batch-builder.js';
import { decodeEntryBatch as decode, encodeEntryBatch as encode } from '${DIST}/certificate/entry-batch-codec.js';
import { EntryColumn } from '${DIST}/certificate/entry-batch.js';
import { NO_ISSUERS } from '${DIST}/certificate/issuer-map.js';
import { BackPressure } from '${DIST}/feed/back-pressure.js';
import { DiskJournal } from '${DIST}/feed/journal/disk/disk-journal.js';

const [folder] = process.argv.slice(-1);
const options = { folder, maxBytes: 2 ** 30, maxAgeMs: 3_600_000, onFull: 'wait', segmentBytes: 500_000, syncMs: 5, retryMs: 5 };
const pressure = new BackPressure();
const journal = await DiskJournal.open(options, { encode, decode }, pressure, { log: () => {}, warn: () => {} });
const source = { name: 'Log', url: '${URL_OF_LOG}', operator: 'Op', type: 'rfc6962' };
let isOver = false;
process.stdin.on('data', () => (isOver = true));
while (!isOver) {
  const firstIndex = journal.end(source.url) ?? 0;
  const builder = new EntryBatchBuilder('get-entries', 2);
  builder.add(firstIndex);
  builder.add(firstIndex + 1);
  const bytes = Buffer.alloc(9000, firstIndex);
  builder.table[EntryColumn.SubmittedEnd] = bytes.length;
  const { seq } = journal.append(
    builder.build({ source, firstIndex, bytes, seen: 1, issuers: NO_ISSUERS }), 'next');
  const end = journal.end(source.url);
  journal.durable().then(() => console.log(seq + ' ' + end), (error) => console.log(error.message));
  await new Promise((done) => setTimeout(done, 1));
  await pressure.ready();
}
await journal.durable().catch(() => {});
await journal.close();
process.exit();
`;

let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Yields the lines that a writer prints. */
function write(command: readonly string[] = []): AsyncIterable<string> {
  const [file, ...parameters] = [...command, process.execPath, '--input-type=module', '-e', WRITER, folder];
  child = spawn(file, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  return createInterface(child.stdout!);
}

async function checkJournal(records: number, end: number): Promise<void> {
  const journal = await createJournal(
    { journal: journalSection.parse({ store: 'disk', path: folder }), cluster: clusterSection.parse({}) },
    new BackPressure(),
    undefined,
  );
  try {
    expect(journal.newest).toBeGreaterThanOrEqual(records);
    expect(journal.newest * 2).toBeGreaterThanOrEqual(end);
    const all = Array.from(
      { length: journal.newest },
      (_, i) => `${i + 1}: log.example ${i * 2}-${i * 2 + 1}`,
    );
    expect(await readAll(journal)).toEqual(all);
  } finally {
    await journal.close();
  }
}

describe('the journal on disk, in a process of its own', () => {
  it('keeps everything that it reported as durable when it is killed, and leaves no hole', async () => {
    for (let round = 0; round < 8; round++) {
      let last = '0 0';
      let lines = 0;
      for await (const line of write()) {
        last = line;
        if (++lines === 40 + round * 11) child!.kill('SIGKILL');
      }
      const [records, end] = last.split(' ').map(Number);
      expect(records).toBeGreaterThan(0);
      await checkJournal(records, end);
    }
    expect((await readdir(folder)).filter((name) => name.endsWith('.segment')).length).toBeGreaterThan(8);
  });

  it.skipIf(process.platform !== 'linux')(
    'continues in a new file when a file cannot be written any more',
    async () => {
      const rejections = new Set<string>();
      let last = '';
      let segments = 0;
      for await (const line of write(['prlimit', '--fsize=100000'])) {
        if (/^\d/.test(line)) last = line;
        else if (!rejections.has(line)) rejections.add(line);
        segments = (await readdir(folder)).filter((name) => name.endsWith('.segment')).length;
        if (segments > 4) child!.stdin!.end('enough\n');
      }
      expect([...rejections]).toEqual([expect.stringMatching(/records cannot be stored: EFBIG/)]);
      const [records, end] = last.split(' ').map(Number);
      await checkJournal(records, end);
    },
  );
});
