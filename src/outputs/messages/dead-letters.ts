import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { linkTarget, makeFolder, prepareReplacement } from '../../kernel/atomic-file.js';
import { AppendedFile, wholeLines } from '../../kernel/appended-file.js';
import { messageOf } from '../../kernel/certstream-error.js';
import { Turns } from '../../kernel/turns.js';
import type { RefusedMessage } from '../engine/output-engine.js';

const LINE_FEED = 0x0a;

export interface DeadLettersOptions {
  readonly path: string;
  /** Most octets of the file and the one before it together. */
  readonly maxBytes: number;
  /** Reports refused messages, in the words of a log line. */
  readonly onRefused: (message: string) => void;
  /** Reports refused messages that no file contains. */
  readonly onLost: (message: string) => void;
}

/**
 * DeadLetters keeps the messages that the other side refuses for good in a file: one line of JSON for each,
 * `{"id":"…","reason":"…","time":"…","message":{…}}`. A delivery that is repeated may write a message twice. The file may be moved away
 * at any time. When it has half of the octets that are allowed, it becomes `<path>.1` and replaces the file of that name.
 */
export class DeadLetters {
  /** Messages that were refused since the start. */
  count = 0;
  /** Messages since the start that no file contains, because they could not be written or made room for newer ones. */
  lost = 0;
  private file: AppendedFile | undefined;
  /** The work on {@link file}, one call after the other. */
  private readonly turns = new Turns();

  constructor(private readonly options: DeadLettersOptions) {}

  /** Creates the folder of the file, and checks that the file can be written. @throws the error of the file system. */
  prepare(): Promise<void> {
    return prepareReplacement(this.options.path);
  }

  /**
   * Resolves when the messages are on the disk. Messages that cannot be written are lost: if the delivery were repeated until the disk
   * has room, the other side would get all other messages again and again.
   */
  add(refused: readonly RefusedMessage[]): Promise<void> {
    return this.turns.run(async () => {
      const { path, onRefused, onLost } = this.options;
      const [{ message: first, reason }] = refused;
      this.count += refused.length;
      try {
        await this.write(refused);
      } catch (error) {
        this.lost += refused.length;
        onLost(
          `${refused.length} messages are refused and lost, since ${path} cannot be written: ${messageOf(error)}; the first is ${first.id}: ${reason}`,
        );
        return;
      }
      onRefused(`${refused.length} messages are refused and written to ${path}: ${reason}`);
    });
  }

  close(): Promise<void> {
    return this.turns.run(() => this.closeFile());
  }

  private async write(refused: readonly RefusedMessage[]): Promise<void> {
    const time = new Date().toISOString();
    try {
      let file = await this.opened();
      for (const { message, reason } of refused) {
        const head = JSON.stringify({ id: message.id, reason, time }).slice(0, -1);
        const line = Buffer.concat([Buffer.from(`${head},"message":`), message.text, Buffer.from('}\n')]);
        if (file.size > 0 && file.size + line.length > this.options.maxBytes / 2) {
          await file.commit();
          await this.rotate();
          file = await this.opened();
        }
        await file.write(line);
      }
      await file.commit();
    } catch (error) {
      await this.file?.rollBack().catch(() => undefined);
      // The next call cuts off what could not be taken back.
      await this.closeFile().catch(() => undefined);
      throw error;
    }
  }

  private async rotate(): Promise<void> {
    const { path, onLost } = this.options;
    // A link stays: the file that it names is renamed.
    const target = this.file?.path ?? path;
    const older = `${target}.1`;
    await this.closeFile();
    const removed = await linesIn(older);
    await rename(target, older);
    if (removed === 0) return;
    this.lost += removed;
    onLost(
      `${path} is full: the oldest ${removed} messages in ${older} were removed; raise dead_letter_max_mb to keep more`,
    );
  }

  private async opened(): Promise<AppendedFile> {
    if (this.file !== undefined && !(await this.file.isInPlace())) await this.closeFile();
    if (this.file === undefined) {
      const { path } = await linkTarget(this.options.path);
      await makeFolder(dirname(path));
      this.file = await AppendedFile.open(path, wholeLines, 0o600);
    }
    return this.file;
  }

  private async closeFile(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }
}

/** Returns the number of lines of a file; 0 if it does not exist. */
async function linesIn(path: string): Promise<number> {
  let lines = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>)
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) lines++;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return lines;
}
