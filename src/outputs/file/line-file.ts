import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppendedFile } from '../../kernel/appended-file.js';
import { syncFolder } from '../../kernel/atomic-file.js';
import type { OutputMessage } from '../messages/output-message.js';
import { OPEN_SUFFIX } from './file-names.js';
import type { LineEncoding } from './line-encoding.js';

/** Size of the text that is encoded and written at once. */
const PIECE_BYTES = 2 ** 20;
const LINE_FEED = 0x0a;

/** A file of messages, one per line, that is being written. Its path ends in `.open` until it is whole. */
export class LineFile {
  /** Octets of text that were written since the file was opened. */
  textBytes = 0;
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES);

  private constructor(
    /** The path of the file when it is whole. */
    readonly path: string,
    private readonly file: AppendedFile,
    private readonly encoding: LineEncoding,
  ) {}

  /** Opens or creates a file. @param path without `.open`. */
  static async open(path: string, encoding: LineEncoding): Promise<LineFile> {
    return new LineFile(path, await AppendedFile.open(path + OPEN_SUFFIX, encoding.wholeLength), encoding);
  }

  /**
   * Writes messages from the position `from` on, as far as they have `room` octets, and at least one.
   * @returns the position of the first message that was not written.
   */
  async write(messages: readonly OutputMessage[], from: number, room: number): Promise<number> {
    let lines = this.piece;
    let length = messages[from].size + 1;
    let next = from + 1;
    if (length > lines.length) {
      lines = Buffer.allocUnsafe(length);
    } else {
      const most = Math.min(room, lines.length);
      for (; next < messages.length && length + messages[next].size < most; next++)
        length += messages[next].size + 1;
    }
    let at = 0;
    for (let i = from; i < next; i++) {
      at += messages[i].text.copy(lines, at);
      lines[at++] = LINE_FEED;
    }
    await this.file.write(await this.encoding.encode(lines.subarray(0, length)));
    this.textBytes += length;
    return next;
  }

  /** Resolves when everything that was written is on the disk. @returns whether the file is still in its folder. */
  async commit(): Promise<boolean> {
    await this.file.commit();
    return this.file.isInPlace();
  }

  /** Takes back what was written since the last {@link commit}. */
  rollBack(): Promise<void> {
    return this.file.rollBack();
  }

  /** Commits and closes the file, and gives it its name. A file without lines is removed. */
  async seal(): Promise<void> {
    const { path, file } = this;
    try {
      await file.commit();
    } finally {
      await file.close();
    }
    if (file.size === 0) {
      await rm(path + OPEN_SUFFIX, { force: true });
      return;
    }
    await rename(path + OPEN_SUFFIX, path);
    await syncFolder(dirname(path));
  }
}
