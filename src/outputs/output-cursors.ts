import { z } from 'zod';
import { messageOf } from '../kernel/certstream-error.js';
import { parseBoundedJson } from '../kernel/bounded-json.js';
import { removeTemporaries, replaceFile } from '../kernel/atomic-file.js';
import { readBoundedFile } from '../kernel/bounded-file.js';
import type { EntryJournal } from '../feed/journal/entry-journal.js';
import { OutputError } from './output-error.js';

/** Name of the file in the folder of the journal. */
export const CURSOR_FILE = 'cursors.json';
const VERSION = 1;
const MAX_VALUES = 100_000;
const MAX_BYTES = 16 * 1024 * 1024;

const cursorFile = z.strictObject({
  version: z.literal(VERSION),
  epoch: z.string(),
  cursors: z.record(z.string(), z.int().nonnegative()),
  /** Outputs without a position begin at the oldest record, because the file was lost. */
  others: z.literal('oldest').optional(),
});

/** Where an output begins. */
export interface OutputStart {
  /** Number of the record after which it begins. */
  readonly after: number;
  /** Why its position is not the saved one, as a part of a sentence; undefined for a saved position, and for a new output. */
  readonly reason?: string;
}

/**
 * The position of each output: the number of the last record that it has acknowledged. A save replaces the file as a whole. Positions
 * of another epoch of the journal name other records. Such outputs begin at the oldest record, and so do all outputs if the file is
 * missing although the journal has records: an entry may be repeated, but none is lost.
 */
export class OutputCursors {
  private readonly cursors = new Map<string, number>();
  /** Names of the outputs whose position in the file belongs to another journal. */
  private foreign = new Set<string>();
  private isLost = false;

  /**
   * @param path undefined keeps no positions across restarts.
   * @param journal with the records of earlier runs only, until {@link load} resolves.
   */
  constructor(
    private readonly path: string | undefined,
    private readonly journal: Pick<EntryJournal, 'epoch' | 'oldest' | 'newest'>,
  ) {}

  /**
   * Reads the file if it exists. @throws OutputError (`OUTPUT_CURSORS_UNREADABLE`) when the file exists and cannot be
   * used.
   */
  async load(): Promise<void> {
    if (this.path === undefined) return;
    await removeTemporaries(this.path);
    let text;
    try {
      text = await readBoundedFile(this.path, MAX_BYTES);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
        throw unreadable(this.path, `it cannot be read: ${messageOf(cause)}`, cause);
      this.isLost = this.journal.newest > 0;
      return;
    }
    const { epoch, cursors, others } = parse(this.path, text);
    this.isLost = others !== undefined;
    const isForeign = epoch !== this.journal.epoch;
    if (isForeign) this.foreign = new Set(Object.keys(cursors));
    for (const [name, seq] of Object.entries(cursors))
      this.cursors.set(name, isForeign ? this.journal.oldest - 1 : seq);
  }

  /** Whether positions survive a restart. */
  get isStored(): boolean {
    return this.path !== undefined;
  }

  /** Names of the outputs that have a position. */
  get names(): readonly string[] {
    return [...this.cursors.keys()];
  }

  /** Returns where an output begins. A new output begins after the newest record. */
  start(name: string): OutputStart {
    const { oldest, newest } = this.journal;
    const after = this.cursors.get(name);
    if (after !== undefined)
      return {
        after,
        ...(this.foreign.has(name) && { reason: 'the journal of its position no longer exists' }),
      };
    if (!this.isLost) return { after: newest };
    return { after: oldest - 1, reason: `its position is lost, because ${this.path} was missing` };
  }

  set(name: string, seq: number): void {
    this.cursors.set(name, seq);
  }

  /**
   * Saves the positions and resolves with the saved ones.
   * @param keepsLoss whether outputs without a position begin at the oldest record, if the file was lost.
   * @throws OutputError (`OUTPUT_CURSORS_UNWRITABLE`)
   */
  async save(keepsLoss = false): Promise<ReadonlyMap<string, number>> {
    const saved = new Map(this.cursors);
    if (this.path === undefined) return saved;
    const content = {
      version: VERSION,
      epoch: this.journal.epoch,
      cursors: Object.fromEntries(saved),
      ...(keepsLoss && this.isLost && { others: 'oldest' }),
    };
    try {
      await replaceFile(this.path, `${JSON.stringify(content, undefined, 2)}\n`);
    } catch (cause) {
      const reason = messageOf(cause);
      throw new OutputError(
        'OUTPUT_CURSORS_UNWRITABLE',
        `${this.path}: the positions of outputs cannot be saved: ${reason}`,
        { cause },
      );
    }
    return saved;
  }
}

function parse(path: string, text: Buffer): z.infer<typeof cursorFile> {
  let value;
  try {
    value = parseBoundedJson(text, { maxStructure: MAX_VALUES });
  } catch (cause) {
    throw unreadable(path, (cause as Error).message, cause);
  }
  const parsed = cursorFile.safeParse(value);
  if (!parsed.success) throw unreadable(path, 'it is not a position file of this version', parsed.error);
  return parsed.data;
}

function unreadable(path: string, reason: string, cause: unknown): OutputError {
  const remedy = 'repair it, or move it away to begin every output at the oldest record of the journal';
  return new OutputError('OUTPUT_CURSORS_UNREADABLE', `${path}: ${reason}; ${remedy}`, { cause });
}
