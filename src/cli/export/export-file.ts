import { existsSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';

import { reasonOf } from '../../config/file-checks.js';
import { replaceFile } from '../../kernel/atomic-file.js';
import { readBoundedFileSync } from '../../kernel/bounded-file.js';
import { CertstreamError } from '../../kernel/certstream-error.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { FileLock } from '../../kernel/file-lock.js';
import { printableJson } from '../../logging/printable.js';
import { UsageError } from '../usage-error.js';
import { EXPORT_FORMATS, type ExportFormat } from '../option-values.js';
import type { EntryRange } from './proven-range.js';

/** Pause between two saves while the export goes on, milliseconds. */
const SAVE_MS = 1000;
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
const index = z.int().nonnegative();
const recordSchema = z.object({
  version: z.literal(1),
  log: z.string(),
  format: z.enum(EXPORT_FORMATS),
  /** The text of `--since`, from which `from` was found. */
  since: z.string().optional(),
  from: index,
  /** Exclusive. */
  to: index,
  /** Octets of the file that were written completely. */
  bytes: index,
  /** The ranges that the file does not contain yet, in the order in which they are appended. */
  rest: z.array(z.object({ from: index, to: index })),
  /** The signed tree head (RFC 6962 STH or static-ct checkpoint) that the last run compared the entries with, base64. */
  head: z.string().optional(),
});
type ExportRecord = z.infer<typeof recordSchema>;

/** The content of an export. */
export interface ExportContent extends EntryRange {
  /** URL of the log. */
  readonly log: string;
  readonly format: ExportFormat;
  readonly since?: string;
}

/** Where the texts of an export go. */
export interface ExportSink {
  /** The ranges that are not written yet. */
  readonly rest: readonly EntryRange[];
  write(text: Buffer): Promise<void>;
  /** Notes which ranges are not written yet, after each proven piece. */
  settle(rest: readonly EntryRange[]): Promise<void>;
  close(): Promise<void>;
}

/** Returns the path of the record of an export, which is kept beside its file. */
function recordPath(path: string): string {
  return `${path}.export.json`;
}

/** `EXPORT_UNWRITABLE`: the file of an export or its record cannot be written. */
class ExportUnwritableError extends CertstreamError {
  constructor(path: string, cause: unknown) {
    super('EXPORT_UNWRITABLE', `${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

/** ExportFile is a file that an export appends to, with a record that lets a later run continue after the last proven entry. */
export class ExportFile implements ExportSink {
  private file: FileHandle | undefined;
  private record: ExportRecord | undefined;
  private savedAt = 0;
  /** What the next save writes: octets and ranges that belong together. */
  private settled: ExportRecord | undefined;

  private constructor(
    private readonly path: string,
    /** The record of an earlier run, which this run continues. */
    readonly earlier: Readonly<ExportRecord> | undefined,
    private readonly lock: FileLock,
  ) {}

  /**
   * Reserves the file for this process and reads the record of an earlier run.
   * @param force whether a file is overwritten instead.
   * @throws UsageError when the file cannot be continued, or another export writes it.
   */
  static async reserve(path: string, force: boolean): Promise<ExportFile> {
    if (!existsSync(dirname(resolve(path)))) throw new UsageError(`${path}: the folder does not exist`);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      throw new UsageError(`${path} is a folder; name the file in it`);
    const lock = await FileLock.acquire(
      recordPath(path),
      () => new UsageError(`another export writes ${path}`),
    );
    try {
      return new ExportFile(path, force ? undefined : readRecord(path), lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Begins or continues the export.
   * @param head the signed tree head that proves the entries.
   * @throws UsageError when the file has another content; ExportUnwritableError
   */
  async begin(content: ExportContent, head: Buffer): Promise<void> {
    this.record = { ...continued(this.path, content, this.earlier), head: head.toString('base64') };
    this.settled = { ...this.record };
    await this.writing(async () => {
      this.file = await open(this.path, 'a');
      await this.file.truncate(this.record!.bytes);
      await this.save();
    });
  }

  get rest(): readonly EntryRange[] {
    return this.record?.rest ?? [];
  }

  /** @throws ExportUnwritableError */
  async write(text: Buffer): Promise<void> {
    const { file, record } = this;
    if (file === undefined || record === undefined) return;
    await this.writing(() => file.appendFile(text));
    record.bytes += text.length;
  }

  /** @throws ExportUnwritableError */
  async settle(rest: readonly EntryRange[]): Promise<void> {
    if (this.record === undefined) return;
    this.record = { ...this.record, rest: rest.map(({ from, to }) => ({ from, to })) };
    this.settled = { ...this.record };
    if (Date.now() - this.savedAt >= SAVE_MS) await this.writing(() => this.save());
  }

  /** Saves how far the export came, and ends the reservation. @throws ExportUnwritableError */
  async close(): Promise<void> {
    try {
      await this.writing(() => this.save());
    } finally {
      await this.file?.close();
      await this.lock.release();
    }
  }

  private async save(): Promise<void> {
    const { settled, file } = this;
    if (settled === undefined || file === undefined) return;
    this.settled = undefined;
    await file.datasync();
    await replaceFile(recordPath(this.path), `${JSON.stringify(settled, undefined, 2)}\n`);
    this.savedAt = Date.now();
  }

  private async writing(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw new ExportUnwritableError(this.path, error);
    }
  }
}

/** ExportStream writes an export to the standard output. A later run cannot continue it. */
export class ExportStream implements ExportSink {
  readonly rest: readonly EntryRange[];

  constructor(
    private readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean },
    range: EntryRange,
  ) {
    this.rest = [range];
  }

  async write(octets: Buffer): Promise<void> {
    const text = this.output.isTTY === true ? forTerminal(octets) : octets;
    await new Promise<void>((flushed, failed) => {
      const isFlowing = this.output.write(text, (error) =>
        error ? failed(new ExportUnwritableError('the standard output', error)) : flushed(),
      );
      if (isFlowing) flushed();
    });
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * Reads the record of an earlier run.
 * @returns undefined without one.
 * @throws UsageError when the file cannot be continued.
 */
function readRecord(path: string): ExportRecord | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const record = recordPath(path);
  if (!existsSync(record)) {
    if (size === 0) return undefined;
    throw new UsageError(`${path} already exists and is no export to continue; use --force to overwrite it`);
  }
  const parsed = recordSchema.safeParse(jsonOf(record));
  if (!parsed.success) throw new UsageError(`${record} is damaged; use --force to begin again`);
  if (size < parsed.data.bytes)
    throw new UsageError(`${path} is shorter than ${record} says; use --force to begin again`);
  return parsed.data;
}

/** Returns the record to begin with. A larger range than the earlier one is continued; another content is a mistake. */
function continued(path: string, content: ExportContent, earlier: ExportRecord | undefined): ExportRecord {
  const { from, to } = content;
  if (earlier === undefined) return { version: 1, ...content, bytes: 0, rest: [{ from, to }] };
  const { log, format } = earlier;
  if (log !== content.log || format !== content.format || earlier.from !== from || to < earlier.to) {
    const last = earlier.to - 1;
    throw new UsageError(
      `${path} contains the entries ${earlier.from} to ${last} of ${log} as ${format}; use another --out, or --force to overwrite it`,
    );
  }
  const rest = to > earlier.to ? [...earlier.rest, { from: earlier.to, to }] : earlier.rest;
  return { ...earlier, ...content, rest: joined(rest) };
}

/** Joins ranges that follow each other. */
function joined(ranges: readonly EntryRange[]): { from: number; to: number }[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = result.at(-1);
    if (last?.to === from) last.to = to;
    else result.push({ from, to });
  }
  return result;
}

/** Escapes what a terminal would carry out. The lines may contain text of certificates. */
function forTerminal(octets: Buffer): string {
  return octets.toString().split('\n').map(printableJson).join('\n');
}

function jsonOf(path: string): unknown {
  try {
    return parseBoundedJson(readBoundedFileSync(path, MAX_RECORD_BYTES), { maxStructure: 1_000_000 });
  } catch {
    return undefined;
  }
}
