import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../../kernel/atomic-file.js';
import type { AppendedRecord, Segment } from './segment.js';
import { formatHeader, formatRecordHead, HEADER_BYTES, RECORD_HEAD_BYTES } from './segment-format.js';

/** The newest segment, open for writing. */
export class SegmentFile {
  /** What the last sync stored. */
  private synced: { readonly size: number; readonly last: number };
  private isBroken = false;

  private constructor(
    readonly segment: Segment,
    private readonly file: FileHandle,
    private readonly inode: number,
  ) {
    this.synced = { size: segment.size, last: segment.last };
  }

  /** Makes the file of a new segment; its folder has to be there. */
  static async create(segment: Segment): Promise<SegmentFile> {
    const file = await open(segment.path, 'wx', 0o644);
    try {
      await file.write(formatHeader(segment.header));
      await file.datasync();
      await syncFolder(dirname(segment.path));
      return new SegmentFile(segment, file, (await file.stat()).ino);
    } catch (error) {
      await file.close();
      await segment.remove().catch(() => undefined);
      throw error;
    }
  }

  /** Opens a segment that has a header and no records. */
  static async reopen(segment: Segment): Promise<SegmentFile> {
    const file = await open(segment.path, 'r+');
    try {
      segment.startOver();
      await file.truncate(HEADER_BYTES);
      return new SegmentFile(segment, file, (await file.stat()).ino);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** @returns how many of the records were written, at least one: fewer than all when the disk becomes full. */
  async write(records: readonly AppendedRecord[]): Promise<number> {
    const { segment, file } = this;
    const buffers = records.flatMap((record) => [formatRecordHead(segment.header, record), record.payload]);
    const start = segment.size;
    let left = (await file.writev(buffers, start)).bytesWritten;
    let count = 0;
    for (; count < records.length; count++) {
      const size = RECORD_HEAD_BYTES + records[count].payload.length;
      if (size > left) break;
      left -= size;
      segment.added(records[count]);
    }
    if (count > 0) return count;
    // The rest of the first one, which says why.
    const rest = Buffer.concat(buffers.slice(0, 2)).subarray(left);
    const { bytesWritten } = await file.write(rest, 0, rest.length, start + left);
    if (bytesWritten < rest.length) throw new Error('a record was written in part');
    segment.added(records[0]);
    return 1;
  }

  /** Resolves when all that was written survives a loss of power. @throws also when the file is no longer in its folder. */
  async sync(): Promise<void> {
    const { size, last, path } = this.segment;
    try {
      await this.file.datasync();
      if ((await stat(path)).ino !== this.inode) throw new Error(`${path} was replaced`);
    } catch (error) {
      // The next sync of the file would succeed, and have stored nothing.
      this.isBroken = true;
      throw error;
    }
    this.synced = { size, last };
  }

  /** Stores the rest and lets go of the file, to which nothing is written any more. */
  async seal(): Promise<void> {
    await this.sync();
    await this.file.close();
    await this.segment.seal();
  }

  /** After a failure: keeps the records that are stored, cuts off the others and lets go of the file. @returns how many are lost. */
  async abandon(): Promise<number> {
    const { segment, file } = this;
    if (!this.isBroken) await this.sync().catch(() => undefined);
    await file.close().catch(() => undefined);
    const lost = segment.last - this.synced.last;
    await segment.cut(this.synced.size, this.synced.last).catch(() => undefined);
    await segment.seal();
    return lost;
  }
}
