import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../../kernel/atomic-file.js';
import type { AppendedRecord, Segment } from './segment.js';
import {
  formatHeader,
  formatRecordHead,
  HEADER_BYTES,
  RECORD_HEAD_BYTES,
  type SegmentHeader,
} from './segment-format.js';

/** SegmentFile is the newest segment, open for writing. */
export class SegmentFile {
  /** The size of the segment and its last record at the last sync. */
  private synced: { readonly size: number; readonly last: number };
  private isBroken = false;

  private constructor(
    readonly segment: Segment,
    private readonly file: FileHandle,
    private readonly inode: number,
  ) {
    this.synced = { size: segment.size, last: segment.last };
  }

  /** Creates the file of a new segment. The folder must exist. */
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

  /** Opens a segment without records and gives it a new header. */
  static async reopen(segment: Segment, header: SegmentHeader): Promise<SegmentFile> {
    const file = await open(segment.path, 'r+');
    try {
      segment.startOver(header);
      await file.write(formatHeader(header), 0, HEADER_BYTES, 0);
      await file.truncate(HEADER_BYTES);
      await file.datasync();
      return new SegmentFile(segment, file, (await file.stat()).ino);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Writes records. @returns how many were written, at least one; not all if the disk becomes full. */
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
    // Not even the first record was written in full. The write of its rest fails with the reason.
    const rest = Buffer.concat(buffers.slice(0, 2)).subarray(left);
    const { bytesWritten } = await file.write(rest, 0, rest.length, start + left);
    if (bytesWritten < rest.length) throw new Error('only a part of a record was written');
    segment.added(records[0]);
    return 1;
  }

  /** Resolves when all written records survive a loss of power. @throws also when the file is no longer in its folder. */
  async sync(): Promise<void> {
    const { size, last, path } = this.segment;
    try {
      await this.file.datasync();
      if ((await stat(path)).ino !== this.inode) throw new Error(`${path} was replaced`);
    } catch (error) {
      // The next sync of the file would succeed without storing anything.
      this.isBroken = true;
      throw error;
    }
    this.synced = { size, last };
  }

  /** Syncs and closes the file, and saves the index. No write follows. */
  async seal(): Promise<void> {
    await this.sync();
    await this.file.close();
    await this.segment.seal();
  }

  /** Closes the file after a failure, and cuts off the records that are not stored. @returns the number of lost records. */
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
