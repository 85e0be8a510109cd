import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppendedFile, wholeLines } from '../../kernel/appended-file.js';
import { Turns } from '../../kernel/turns.js';
import type { RefusedMessage } from '../engine/output-engine.js';

/** Reports refused messages to the log. */
export type OnDeadLetters = (count: number, reason: string) => void;

/**
 * DeadLetters keeps the messages that the other side refuses for good in a file: one line of JSON for each,
 * `{"id":"…","reason":"…","time":"…","message":{…}}`. A delivery that is repeated may write a message twice. The file may be moved away
 * at any time.
 */
export class DeadLetters {
  /** Messages that were written since the start. */
  count = 0;
  private file: AppendedFile | undefined;
  /** The work on {@link file}, one call after the other. */
  private readonly turns = new Turns();

  constructor(
    readonly path: string,
    private readonly onAdded: OnDeadLetters,
  ) {}

  /** Resolves when the messages are on the disk. @throws the error of the file system; the delivery is then repeated. */
  add(refused: readonly RefusedMessage[]): Promise<void> {
    return this.turns.run(async () => {
      const time = new Date().toISOString();
      const file = await this.opened();
      try {
        for (const { message, reason } of refused) {
          const head = JSON.stringify({ id: message.id, reason, time }).slice(0, -1);
          await file.write(
            Buffer.concat([Buffer.from(`${head},"message":`), message.text, Buffer.from('}\n')]),
          );
        }
        await file.commit();
      } catch (error) {
        await file.rollBack().catch(() => undefined);
        throw error;
      }
      this.count += refused.length;
      this.onAdded(refused.length, refused[0].reason);
    });
  }

  close(): Promise<void> {
    return this.turns.run(() => this.closeFile());
  }

  private async opened(): Promise<AppendedFile> {
    if (this.file !== undefined && !(await this.file.isInPlace())) await this.closeFile();
    if (this.file === undefined) {
      await mkdir(dirname(this.path), { recursive: true });
      this.file = await AppendedFile.open(this.path, wholeLines, 0o600);
    }
    return this.file;
  }

  private async closeFile(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }
}
