import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import type { StoredMessage, TestBroker } from './test-broker.js';

const OPEN_SUFFIX = '.open';
const LINE_FEED = 0x0a;

/** The folder of a file output. A kill moves the folder away, as an operator may do. There is no process to pause. */
export class FileFolder implements TestBroker {
  private moved = 0;

  private constructor(private readonly parent: string) {}

  static async create(): Promise<FileFolder> {
    return new FileFolder(await mkdtemp(join(tmpdir(), 'certstream-files-')));
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { type: 'file', path: this.path };
  }

  get path(): string {
    return join(this.parent, 'current');
  }

  async kill(): Promise<void> {
    if (existsSync(this.path)) await rename(this.path, join(this.parent, `moved-${++this.moved}`));
  }

  restart(): Promise<void> {
    return Promise.resolve();
  }

  pause(): void {
    throw new Error('a folder cannot be paused');
  }

  resume(): void {
    throw new Error('a folder cannot be paused');
  }

  /** Returns the lines of all files, those that were moved away too, in the order of the names of the files. */
  async stored(): Promise<readonly StoredMessage[]> {
    const folders = (await readdir(this.parent)).map((name) => join(this.parent, name));
    const files = await Promise.all(
      folders.map(async (folder) => (await readdir(folder)).map((name) => ({ folder, name }))),
    );
    const sorted = files
      .flat()
      .filter(({ name }) => /\.jsonl(\.gz|\.zst)?(\.open)?$/.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const messages: StoredMessage[] = [];
    for (const { folder, name } of sorted)
      for (const text of linesOf(await readFile(join(folder, name)), name)) messages.push({ lane: '', text });
    return messages;
  }

  stop(): Promise<void> {
    return rm(this.parent, { recursive: true, force: true });
  }
}

/** Returns the whole lines of a file. The last line of a file that was not finished may be cut. */
function linesOf(content: Buffer, name: string): Buffer[] {
  const isOpen = name.endsWith(OPEN_SUFFIX);
  const finishFlush = isOpen ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  const text = name.includes('.gz') && content.length > 0 ? gunzipSync(content, { finishFlush }) : content;
  if (!isOpen && text.length > 0 && text.at(-1) !== LINE_FEED) throw new Error(`${name} ends within a line`);
  const lines: Buffer[] = [];
  for (let start = 0, end; (end = text.indexOf(LINE_FEED, start)) >= 0; start = end + 1)
    lines.push(text.subarray(start, end));
  return lines;
}
