import { mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberedMessages } from '../../../test/support/output-messages.js';
import { range } from '../../../test/support/range.js';
import { FilesFolder } from './testing/files-folder.js';
import { HAS_ZSTD } from './zstd-frames.js';

const SIGNAL = new AbortController().signal;

let files: FilesFolder;
beforeEach(async () => {
  files = await FilesFolder.create();
});
afterEach(() => files.remove());

const COMPRESSIONS = ['none', 'gzip', ...(HAS_ZSTD ? ['zstd'] : [])];

describe.each(COMPRESSIONS)('files with compression: %s', (compression) => {
  it('have all messages in order, and their names only when they are whole', async () => {
    const source = await files.source({ compression });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    await engine.send(numberedMessages(5, 500), SIGNAL);
    const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[compression];
    expect(await files.names()).toEqual([`out-20261129T234000Z-0001.jsonl${suffix}.open`]);
    await engine.close();
    expect(await files.names()).toEqual([`out-20261129T234000Z-0001.jsonl${suffix}`]);
    expect(await files.indices()).toEqual(range(0, 505));
  });

  it('are finished without their torn end after the process was killed', async () => {
    const source = await files.source({ compression });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    await engine.send(numberedMessages(5, 5), SIGNAL);
    const [left] = await files.names();
    const { size } = await stat(files.file(left));
    await engine.send(numberedMessages(10, 5), SIGNAL);
    const whole = await readFile(files.file(left));
    await source.close!();
    // Every length that a write may have reached when it was interrupted, up to the whole unit.
    const lengths = [size, size + 1, size + 5, Math.floor((size + whole.length) / 2), whole.length - 1];
    for (const length of lengths) {
      await rm(files.path, { recursive: true });
      await mkdir(files.path);
      await writeFile(files.file(left), whole);
      await truncate(files.file(left), length);
      const next = await files.source({ compression });
      const again = await next.open(SIGNAL);
      await again.send(numberedMessages(100, 1), SIGNAL);
      await next.close!();
      const indices = await files.indices();
      expect(indices.slice(0, 10)).toEqual(range(0, 10));
      expect(indices.at(-1)).toBe(100);
      // Without compression, whole lines of the interrupted write stay.
      if (compression !== 'none') expect(indices).toHaveLength(11);
    }
  });

  it('are cut at the first octets that the disk did not write before a power failure', async () => {
    const source = await files.source({ compression });
    const engine = await source.open(SIGNAL);
    await engine.send(numberedMessages(0, 5), SIGNAL);
    await engine.close();
    await engine.close();
    const [name] = await files.names();
    const path = files.file(name);
    const unit = await readFile(path);
    const hollow = Buffer.from(unit).fill(0, 25, 40);
    await writeFile(`${path}.open`, Buffer.concat([unit, hollow, unit, Buffer.alloc(4096)]));
    await rm(path);
    await source.open(SIGNAL);
    const indices = await files.indices();
    expect(indices.slice(0, 5)).toEqual(range(0, 5));
    expect(indices.length).toBeLessThan(10);
  });
});
