import { open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../../kernel/atomic-file.js';
import { readBoundedFile } from '../../../kernel/bounded-file.js';
import { SharedTurns } from '../../../kernel/turns.js';
import {
  findRecord,
  type FoundRecord,
  HEADER_BYTES,
  parseHeader,
  RECORD_HEAD_BYTES,
  type SegmentHeader,
  type StoredRecord,
} from './segment-format.js';
import type { JournalCodec } from './journal-codec.js';
import { SegmentIndex } from './segment-index.js';

/** Octets per read. A larger record is read as a whole. */
const CHUNK_BYTES = 256 * 1024;
/** Size of the largest index file that is read; without it, the segment is read. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
/** Reads of all replays together. Each has a file open, and any number of clients may replay. */
const reads = new SharedTurns(16);
const SEGMENT_NAME = /^(\d{16})\.segment$/;

/** A record and the range of its entries. A `next` record without entries means that the log starts over. */
export interface AppendedRecord extends StoredRecord {
  readonly logUrl: string;
  /** Log index of its first entry. */
  readonly from: number;
  /** Log index after its last entry. */
  readonly end: number;
}

/** Called for octets of a segment that are not a record. */
export type OnDamage = (segment: Segment, offset: number, octets: number) => void;

/** Segment is one file of the journal. The file is open only during a read. */
export class Segment {
  /** Octets of the header and all whole records. */
  size = HEADER_BYTES;
  /** Number of the newest record; `header.first - 1` without records. */
  last: number;
  /** When the oldest and the newest record were appended, milliseconds since the epoch. */
  firstTime: number | undefined;
  lastTime = 0;
  /** Offsets of the damaged parts found so far. */
  private readonly damaged = new Set<number>();
  /** The index, in memory while records are appended. */
  private index: SegmentIndex | undefined = new SegmentIndex();

  constructor(
    readonly path: string,
    private ownHeader: SegmentHeader,
    private readonly onDamage: OnDamage,
  ) {
    this.last = ownHeader.first - 1;
  }

  static pathOf(folder: string, first: number): string {
    return join(folder, `${String(first).padStart(16, '0')}.segment`);
  }

  /** The number of the first record, from the name of the file; undefined if this is not the name of a segment. */
  static firstOf(name: string): number | undefined {
    const [, digits] = SEGMENT_NAME.exec(name) ?? [];
    return digits === undefined ? undefined : Number(digits);
  }

  /** @throws JournalError when the file has no header of this version. */
  static async open(path: string, onDamage: OnDamage): Promise<Segment> {
    const segment = new Segment(path, parseHeader(await readAt(path, 0, HEADER_BYTES), path), onDamage);
    segment.size = (await stat(path)).size;
    return segment;
  }

  get isEmpty(): boolean {
    return this.last < this.header.first;
  }

  /** Updates the figures and the index after a record was written at the end. */
  added({ seq, kind, time, payload, logUrl, from, end }: AppendedRecord): void {
    this.index?.add(seq, this.size, time, end - from);
    if (kind === 'next') this.index?.runs.add(logUrl, from, end);
    this.size += RECORD_HEAD_BYTES + payload.length;
    this.last = seq;
    this.firstTime ??= time;
    this.lastTime = time;
  }

  get header(): SegmentHeader {
    return this.ownHeader;
  }

  /** Drops everything, to use a segment without records again. The caller writes the new header. */
  startOver(header: SegmentHeader): void {
    this.ownHeader = header;
    this.size = HEADER_BYTES;
    this.index = new SegmentIndex();
  }

  /** Moves the index from memory to its file. No record is appended afterwards. A reader rebuilds the index if the file is missing. */
  async seal(): Promise<void> {
    const { index } = this;
    this.index = undefined;
    if (index !== undefined) await this.saveIndex(index);
  }

  /** Truncates the file to `size`, the end of the record `last`. If that removes records, the index is dropped. */
  async cut(size: number, last: number): Promise<void> {
    if (last !== this.last) this.index = undefined;
    this.size = size;
    this.last = last;
    await truncate(this.path, size);
  }

  /**
   * Learns the contents of the segment from its index file or, if that is missing or damaged, from its records.
   * @param isNewest whether to cut off octets after the last record, which a crash left, if there is no index file.
   * @returns its index, which the segment itself does not keep in memory, and the number of octets cut off.
   */
  async load(
    codec: JournalCodec,
    isNewest: boolean,
  ): Promise<{ readonly index: SegmentIndex; readonly cut: number }> {
    let index = await this.readIndex();
    let cut = 0;
    if (index === undefined) {
      const scanned = await this.scan(codec, !isNewest);
      index = scanned.index;
      cut = isNewest ? this.size - scanned.end : 0;
      if (cut > 0) await truncate(this.path, (this.size = scanned.end));
      await this.saveIndex(index);
    }
    this.index = undefined;
    this.last = index.last ?? this.last;
    this.firstTime = index.firstTime;
    this.lastTime = index.lastTime;
    return { index, cut };
  }

  /** Returns the index: from memory, from its file, or rebuilt from the records. */
  async indexOf(codec: JournalCodec): Promise<SegmentIndex> {
    return this.index ?? (await this.readIndex()) ?? (await this.scan(codec, true)).index;
  }

  /**
   * Yields the records from an offset on, including those that are appended meanwhile. Damaged parts are skipped and reported.
   * @param reportsTail whether damage after the last record is reported too.
   */
  async *records(from: number, reportsTail = true): AsyncGenerator<FoundRecord> {
    let offset = from;
    let wanted = CHUNK_BYTES;
    let lastEnd = from;
    let size = this.size;
    for (; offset < size; size = this.size) {
      const length = Math.min(wanted, size - offset);
      const bytes = await readAt(this.path, offset, length);
      const left = bytes.length < length ? bytes.length : size - offset;
      let found = findRecord(this.header, bytes, 0, left);
      while (found !== undefined && 'payload' in found) {
        const start = offset + found.start;
        if (start > lastEnd) this.reportDamage(lastEnd, start - lastEnd);
        lastEnd = offset + found.end;
        yield { ...found, start, end: lastEnd };
        found = findRecord(this.header, bytes, found.end, left);
      }
      if (found === undefined) break;
      offset += found.start;
      wanted = Math.max(CHUNK_BYTES, found.needed);
    }
    size = Math.min(size, this.size);
    if (reportsTail && lastEnd < size) this.reportDamage(lastEnd, size - lastEnd);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(this.indexPath, { force: true });
  }

  private get indexPath(): string {
    return this.path.replace(/segment$/, 'index');
  }

  private reportDamage(offset: number, octets: number): void {
    if (this.damaged.has(offset)) return;
    this.damaged.add(offset);
    this.onDamage(this, offset, octets);
  }

  private async saveIndex(index: SegmentIndex): Promise<void> {
    await replaceFile(this.indexPath, index.format(this.header, this.size)).catch(() => undefined);
  }

  private async readIndex(): Promise<SegmentIndex | undefined> {
    const octets = await reads.run(() => readBoundedFile(this.indexPath, MAX_INDEX_BYTES)).catch(() => '');
    return SegmentIndex.parse(octets.toString(), this.header, this.size);
  }

  private async scan(
    codec: JournalCodec,
    reportsTail: boolean,
  ): Promise<{ readonly index: SegmentIndex; readonly end: number }> {
    const index = new SegmentIndex();
    let end = HEADER_BYTES;
    for await (const record of this.records(HEADER_BYTES, reportsTail)) {
      let entries = 0;
      try {
        const { source, firstIndex, count } = codec.decode(record.payload);
        if (record.kind === 'next') index.runs.add(source.url, firstIndex, firstIndex + count);
        entries = count;
      } catch {
        this.reportDamage(record.start, record.end - record.start);
      }
      index.add(record.seq, record.start, record.time, entries);
      end = record.end;
    }
    return { index, end };
  }
}

function readAt(path: string, offset: number, length: number): Promise<Buffer> {
  return reads.run(() => openAndRead(path, offset, length));
}

async function openAndRead(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
