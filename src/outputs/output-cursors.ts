import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf } from '../kernel/certstream-error.js';
import { parseBoundedJson } from '../kernel/bounded-json.js';
import { removeTemporaries, replaceFile } from '../kernel/atomic-file.js';
import { OutputError } from './output-error.js';

const VERSION = 1;
const MAX_VALUES = 100_000;

const cursorFile = z.strictObject({
  version: z.literal(VERSION),
  epoch: z.string(),
  cursors: z.record(z.string(), z.int().nonnegative()),
});

/**
 * The position of each output: the number of the last record that it has acknowledged. A save replaces the file as a
 * whole. Positions of another epoch of the journal name other records and are not used.
 */
export class OutputCursors {
  private readonly cursors = new Map<string, number>();
  /** Names of the outputs whose position in the file belongs to another journal. */
  private foreign = new Set<string>();

  /** @param path undefined keeps no positions across restarts. */
  constructor(
    private readonly path: string | undefined,
    private readonly epoch: string,
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
      text = await readFile(this.path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw unreadable(this.path, 'it cannot be read', cause);
    }
    const { epoch, cursors } = parse(this.path, text);
    if (epoch !== this.epoch) this.foreign = new Set(Object.keys(cursors));
    else for (const [name, seq] of Object.entries(cursors)) this.cursors.set(name, seq);
  }

  /** Whether positions survive a restart. */
  get isStored(): boolean {
    return this.path !== undefined;
  }

  /** Returns the number of the last record that the output has acknowledged; undefined for an unknown output. */
  get(name: string): number | undefined {
    return this.cursors.get(name);
  }

  /** Whether the output has a position in another journal. */
  hasForeign(name: string): boolean {
    return this.foreign.has(name);
  }

  set(name: string, seq: number): void {
    this.cursors.set(name, seq);
  }

  /**
   * Saves the positions and resolves with the saved ones.
   * @throws OutputError (`OUTPUT_CURSORS_UNWRITABLE`)
   */
  async save(): Promise<ReadonlyMap<string, number>> {
    const saved = new Map(this.cursors);
    if (this.path === undefined) return saved;
    const content = { version: VERSION, epoch: this.epoch, cursors: Object.fromEntries(saved) };
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
  const remedy = 'repair it, or move it away to begin every output at the newest record';
  return new OutputError('OUTPUT_CURSORS_UNREADABLE', `${path}: ${reason}; ${remedy}`, { cause });
}
