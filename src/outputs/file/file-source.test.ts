import { execFileSync } from 'node:child_process';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messagesOf, numberedMessages } from '../../../test/support/output-messages.js';
import { fileOutput } from '../../config/sections/outputs/file.js';
import type { Clock } from '../../kernel/clock.js';
import { range } from '../../../test/support/range.js';
import type { EngineSource } from '../engine/output-engine.js';
import { fileSource } from './file-source.js';
import { HAS_ZSTD } from './zstd-frames.js';

const SIGNAL = new AbortController().signal;
const START = Date.UTC(2026, 10, 29, 23, 40);
const MINUTE = 60_000;

let parent: string;
let folder: string;
let time: number;
let wake: (() => void) | undefined;
const clock = {
  wallTime: () => time,
  after: (_ms: number, callback: () => void) => {
    wake = callback;
    return () => (wake = undefined);
  },
} as unknown as Clock;
const sources: EngineSource[] = [];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'file-output-'));
  folder = join(parent, 'files');
  time = START;
});
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close!();
  await rm(parent, { recursive: true, force: true });
});

async function newSource(settings: object = {}): Promise<EngineSource> {
  const source = await fileSource(
    fileOutput.parse({ type: 'file', name: 'out', path: folder, ...settings }),
    clock,
  );
  sources.push(source);
  return source;
}

/** A source whose process was killed: its files stay as they are, and it holds no lock. */
async function killed(source: EngineSource, tail?: Buffer): Promise<void> {
  const copy = join(parent, 'copy');
  await mkdir(copy);
  for (const name of await readdir(folder))
    if (name.includes('.jsonl')) await writeFile(join(copy, name), await readFile(join(folder, name)));
  await source.close!();
  sources.splice(sources.indexOf(source), 1);
  await rm(folder, { recursive: true });
  await rename(copy, folder);
  const [open] = (await readdir(folder)).filter((name) => name.endsWith('.open'));
  if (tail !== undefined) await appendFile(join(folder, open), tail);
}

async function names(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
}

const decompress: Record<string, (octets: Buffer) => Buffer> = {
  jsonl: (octets) => octets,
  gz: gunzipSync,
  zst: (octets) =>
    (zlib as unknown as { zstdDecompressSync(octets: Buffer): Buffer }).zstdDecompressSync(octets),
};

/** The indices in the finished files, in the order of their names. */
async function written(): Promise<number[]> {
  const indices: number[] = [];
  for (const name of await names()) {
    if (!name.startsWith('out-') || name.endsWith('.open')) continue;
    const octets = await readFile(join(folder, name));
    const text = octets.length === 0 ? '' : decompress[name.split('.').at(-1)!](octets).toString();
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.trimEnd().split('\n'))
      indices.push((JSON.parse(line) as { index: number }).index);
  }
  return indices;
}

const COMPRESSIONS = ['none', 'gzip', ...(HAS_ZSTD ? ['zstd'] : [])];

describe.each(COMPRESSIONS)('files with compression: %s', (compression) => {
  it('have all messages in order, and their names only when they are whole', async () => {
    const source = await newSource({ compression });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    await engine.send(numberedMessages(5, 500), SIGNAL);
    const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[compression];
    expect(await names()).toEqual([`out-20261129T234000Z-0001.jsonl${suffix}.open`]);
    await engine.close();
    expect(await names()).toEqual([`out-20261129T234000Z-0001.jsonl${suffix}`]);
    expect(await written()).toEqual(range(0, 505));
  });

  it('are finished without their torn end after the process was killed', async () => {
    const source = await newSource({ compression });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    await engine.send(numberedMessages(5, 5), SIGNAL);
    const [open] = await names();
    const { size } = await stat(join(folder, open));
    await engine.send(numberedMessages(10, 5), SIGNAL);
    const whole = await readFile(join(folder, open));
    await killed(source);
    // Every length that a write may have reached when it was interrupted, up to the whole unit.
    const lengths = [size, size + 1, size + 5, Math.floor((size + whole.length) / 2), whole.length - 1];
    for (const length of lengths) {
      await rm(folder, { recursive: true });
      await mkdir(folder);
      await writeFile(join(folder, open), whole);
      await truncate(join(folder, open), length);
      const next = await newSource({ compression });
      const again = await next.open(SIGNAL);
      await again.send(numberedMessages(100, 1), SIGNAL);
      await next.close!();
      const indices = await written();
      expect(indices.slice(0, 10)).toEqual(range(0, 10));
      expect(indices.at(-1)).toBe(100);
      // Without compression, whole lines of the interrupted write stay.
      if (compression !== 'none') expect(indices).toHaveLength(11);
    }
  });

  it('are cut at the first octets that the disk did not write before a power failure', async () => {
    const source = await newSource({ compression });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    await engine.close();
    await engine.close();
    const [name] = await names();
    const path = join(folder, name);
    const unit = await readFile(path);
    const hollow = Buffer.from(unit).fill(0, 25, 40);
    await writeFile(`${path}.open`, Buffer.concat([unit, hollow, unit, Buffer.alloc(4096)]));
    await rm(path);
    await source.open(SIGNAL);
    const indices = await written();
    expect(indices.slice(0, 5)).toEqual(range(0, 5));
    expect(indices.length).toBeLessThan(10);
  });
});

describe('a file output', () => {
  it('begins a new file at every multiple of the time, also without a message', async () => {
    const engine = await (await newSource({ rotate_minutes: 15 })).open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    time = START + 4 * MINUTE;
    await engine.send(numberedMessages(1, 1), SIGNAL);
    time = START + 5 * MINUTE;
    wake!();
    await expect.poll(names).toEqual(['out-20261129T234000Z-0001.jsonl']);
    await engine.send(numberedMessages(2, 1), SIGNAL);
    time = START + 20 * MINUTE;
    await engine.send(numberedMessages(3, 1), SIGNAL);
    expect(await names()).toEqual([
      'out-20261129T234000Z-0001.jsonl',
      'out-20261129T234500Z-0001.jsonl',
      'out-20261130T000000Z-0001.jsonl.open',
    ]);
    await engine.close();
    expect(await written()).toEqual(range(0, 4));
  });

  it('begins a new file before one is too large, within a delivery too', async () => {
    const engine = await (await newSource({ rotate_mb: 1 })).open(SIGNAL);
    const line = (index: number, octets: number) =>
      `{"index":${index},"x":"${'x'.repeat(octets - 18 - String(index).length)}"}`;
    const texts = Array.from({ length: 30 }, (_, i) => line(i, 100_000));
    await engine.send(messagesOf([...texts, line(30, 3_000_000), line(31, 100)]), SIGNAL);
    await engine.close();
    const sizes = await Promise.all(
      (await names()).map(async (name) => (await stat(join(folder, name))).size),
    );
    expect(sizes.filter((size) => size > 2 ** 20)).toHaveLength(1);
    expect(sizes.filter((size) => size > 900_000)).toHaveLength(4);
    expect(await written()).toEqual(range(0, 32));
  });

  it('gives names that sort by time and never repeat, also when the clock is set back', async () => {
    const source = await newSource({ rotate_minutes: 1 });
    let engine = await source.open(SIGNAL);
    for (const at of [0, 0, -60 * MINUTE, 5]) {
      time = START + at;
      await engine.send(numberedMessages(0, 1), SIGNAL);
      await engine.close();
      engine = await source.open(SIGNAL);
    }
    await source.close!();
    await rm(join(folder, 'out-20261129T234000Z-0004.jsonl'));
    const after = await (await newSource()).open(SIGNAL);
    time = START - 10 * MINUTE;
    await after.send(numberedMessages(0, 1), SIGNAL);
    expect(await names()).toEqual([
      'out-20261129T234000Z-0001.jsonl',
      'out-20261129T234000Z-0002.jsonl',
      'out-20261129T234000Z-0003.jsonl',
      'out-20261129T234000Z-0004.jsonl.open',
    ]);
  });

  it('removes the oldest finished files above keep_gb, and no other files', async () => {
    const engine = await (await newSource({ rotate_minutes: 1, keep_gb: 25 / 2 ** 30 })).open(SIGNAL);
    await writeFile(join(folder, 'notes.jsonl'), 'mine\n'.repeat(100));
    for (let i = 0; i < 4; i++) {
      await engine.send(numberedMessages(i, 1), SIGNAL);
      time += MINUTE;
    }
    await engine.close();
    expect(await names()).toEqual([
      'notes.jsonl',
      'out-20261129T234200Z-0001.jsonl',
      'out-20261129T234300Z-0001.jsonl',
    ]);
  });

  it('refuses a folder that another output or server uses', async () => {
    const first = await newSource();
    await first.start!();
    const second = await newSource({ name: 'other' });
    const refusal = { code: 'OUTPUT_FOLDER_IN_USE', message: expect.stringContaining(folder) };
    await expect(second.start!()).rejects.toMatchObject(refusal);
    await expect(second.open(SIGNAL)).rejects.toMatchObject(refusal);
    await first.close!();
    await second.start!();
  });

  it.skipIf(process.getuid?.() !== 0)(
    'takes back what did not fit on a full disk (needs root for a tmpfs)',
    async () => {
      await mkdir(folder);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
      try {
        const source = await newSource();
        const engine = await source.open(SIGNAL);
        await engine.send(numberedMessages(0, 10), SIGNAL);
        await writeFile(join(folder, 'other'), Buffer.alloc(900 * 1024));
        const many = numberedMessages(10, 20_000);
        const full = { code: 'OUTPUT_DISK_FULL', message: expect.stringMatching(/ENOSPC.*free disk space/) };
        await expect(engine.send(many, SIGNAL)).rejects.toMatchObject(full);
        await engine.close();
        expect(await written()).toEqual(range(0, 10));
        const next = await source.open(SIGNAL);
        await expect(next.send(many, SIGNAL)).rejects.toMatchObject(full);
        await next.close();
        await rm(join(folder, 'other'));
        await (await source.open(SIGNAL)).send(many, SIGNAL);
        await source.close!();
        expect(await written()).toEqual(range(0, 20_010));
      } finally {
        for (const source of sources.splice(0)) await source.close!();
        execFileSync('umount', [folder]);
      }
    },
  );

  it('does not acknowledge what goes to a folder that was removed, and creates the folder again', async () => {
    const source = await newSource();
    await source.start!();
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    await rm(folder, { recursive: true });
    await expect(engine.send(numberedMessages(1, 1), SIGNAL)).rejects.toMatchObject({
      code: 'OUTPUT_FOLDER_REMOVED',
      message: expect.stringContaining(folder),
    });
    const again = await source.open(SIGNAL);
    await again.send(numberedMessages(1, 1), SIGNAL);
    await again.close();
    expect(await written()).toEqual([1]);
    await expect((await newSource()).start!()).rejects.toMatchObject({ code: 'OUTPUT_FOLDER_IN_USE' });
  });

  it('names a path that is not a folder', async () => {
    await writeFile(folder, '');
    const source = await newSource();
    await expect(source.start!()).rejects.toMatchObject({
      code: 'OUTPUT_FOLDER_UNWRITABLE',
      message: expect.stringMatching(/cannot be written: EEXIST/),
    });
  });

  it('stops between two pieces when the delivery is aborted', async () => {
    const source = await newSource();
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 1), SIGNAL);
    await expect(engine.send(numberedMessages(1, 1), AbortSignal.abort())).rejects.toThrow();
    await source.close!();
    expect(await written()).toEqual([0]);
  });

  it.skipIf(HAS_ZSTD)('needs a Node with zstd for compression: zstd', async () => {
    await expect(newSource({ compression: 'zstd' })).rejects.toMatchObject({
      code: 'OUTPUT_NODE_VERSION',
      message: expect.stringContaining('22.15'),
    });
  });
});
