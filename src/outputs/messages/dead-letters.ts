import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RefusedMessage } from '../engine/output-engine.js';

/** Reports refused messages to the log. */
export type OnDeadLetters = (count: number, reason: string) => void;

/**
 * DeadLetters keeps the messages that the other side refuses for good in a file: one line of JSON for each,
 * `{"id":"…","reason":"…","time":"…","message":{…}}`. A delivery that is repeated may write a message twice.
 */
export class DeadLetters {
  /** Messages that were written since the start. */
  count = 0;
  private file: FileHandle | undefined;

  constructor(
    readonly path: string,
    private readonly onAdded: OnDeadLetters,
  ) {}

  /** Resolves when the messages are on the disk. @throws the error of the file system; the delivery is then repeated. */
  async add(refused: readonly RefusedMessage[]): Promise<void> {
    const time = new Date().toISOString();
    const lines = refused.map(({ message, reason }) => {
      const head = JSON.stringify({ id: message.id, reason, time }).slice(0, -1);
      return Buffer.concat([
        Buffer.from(`${head},"message":`),
        withoutLineFeed(message.text),
        Buffer.from('}\n'),
      ]);
    });
    await mkdir(dirname(this.path), { recursive: true });
    this.file ??= await open(this.path, 'a', 0o600);
    await this.file.appendFile(Buffer.concat(lines));
    await this.file.datasync();
    this.count += refused.length;
    this.onAdded(refused.length, refused[0].reason);
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }
}

/** The messages of the Go dialect end with a line feed. */
function withoutLineFeed(text: Buffer): Buffer {
  return text.at(-1) === 0x0a ? text.subarray(0, -1) : text;
}
