import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { expect } from 'vitest';
import { fileOutput } from '../../../config/sections/outputs/file.js';
import type { Clock } from '../../../kernel/clock.js';
import type { EngineSource } from '../../engine/output-engine.js';
import { fileSource } from '../file-source.js';
import { ZSTD_FRAMES } from '../zstd-frames.js';

const zstd = zlib as unknown as { readonly zstdDecompressSync: (octets: Buffer) => Buffer };

/** A folder for the files of outputs named `out`, and a clock that a test sets. */
export class FilesFolder {
  /** Wall-clock time. */
  time = Date.UTC(2026, 10, 29, 23, 40);
  /** Ends the current pause of the engine. */
  wake: () => void = () => undefined;
  readonly path: string;
  private readonly sources: EngineSource[] = [];
  private readonly clock = {
    wallTime: () => this.time,
    after: (_ms: number, callback: () => void) => {
      this.wake = callback;
      return () => (this.wake = () => undefined);
    },
  } as unknown as Clock;

  private constructor(private readonly parent: string) {
    this.path = join(parent, 'files');
  }

  static async create(): Promise<FilesFolder> {
    return new FilesFolder(await mkdtemp(join(tmpdir(), 'file-output-')));
  }

  async source(settings: object = {}): Promise<EngineSource> {
    const all = fileOutput.parse({ type: 'file', name: 'out', path: this.path, ...settings });
    const source = await fileSource(all, this.clock);
    this.sources.push(source);
    return source;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** The names of the files, without hidden ones. */
  async names(): Promise<string[]> {
    return (await readdir(this.path)).filter((name) => !name.startsWith('.')).sort();
  }

  /** The indices in the finished files, in the order of their names. */
  async indices(): Promise<number[]> {
    const indices: number[] = [];
    for (const name of await this.names()) {
      if (!name.startsWith('out-') || name.endsWith('.open')) continue;
      const text = (await READERS[name.split('.').at(-1)!](this.file(name))).toString();
      expect(text.endsWith('\n')).toBe(true);
      for (const line of text.trimEnd().split('\n'))
        indices.push((JSON.parse(line) as { index: number }).index);
    }
    return indices;
  }

  async closeSources(): Promise<void> {
    for (const source of this.sources.splice(0)) await source.close!();
  }

  async remove(): Promise<void> {
    await this.closeSources();
    await rm(this.parent, { recursive: true, force: true });
  }
}

const READERS: Record<string, (path: string) => Promise<Buffer>> = {
  jsonl: (path) => readFile(path),
  gz: async (path) => zlib.gunzipSync(await readFile(path)),
  zst: decompressFrames,
};

/** Node reads only the first frame of a file, so the file is split. */
async function decompressFrames(path: string): Promise<Buffer> {
  const octets = await readFile(path);
  const file = await open(path);
  const frames: Buffer[] = [];
  for (let at = 0; at < octets.length;) {
    const end = (await ZSTD_FRAMES.endOf(file, at))!;
    frames.push(zstd.zstdDecompressSync(octets.subarray(at, end)));
    at = end;
  }
  await file.close();
  return Buffer.concat(frames);
}
