import { join } from 'node:path';

import type { CertstreamConfig } from '../../config/config-schema.js';
import { StoppedJournal } from '../../feed/journal/disk/stopped-journal.js';
import { nearest } from '../../kernel/nearest.js';
import { CURSOR_FILE, OutputCursors } from '../../outputs/output-cursors.js';
import { printable } from '../../logging/printable.js';
import { UsageError } from '../usage-error.js';

/** SavedPositions are the positions of the outputs of a server that is stopped. */
export class SavedPositions {
  private constructor(
    readonly journal: StoppedJournal,
    readonly cursors: OutputCursors,
    private readonly configured: readonly string[],
  ) {}

  /**
   * Keeps the server from starting until {@link close}.
   * @throws JournalError when the server runs or the journal is not readable; OutputError when the positions are damaged.
   */
  static async open({ journal: { path }, outputs }: CertstreamConfig): Promise<SavedPositions> {
    const warn = (message: string): void => void process.stderr.write(`${printable(message)}\n`);
    const journal = await StoppedJournal.open(path, { log: () => undefined, warn });
    try {
      const cursors = new OutputCursors(join(path, CURSOR_FILE), journal);
      await cursors.load();
      return new SavedPositions(
        journal,
        cursors,
        outputs.map(({ name }) => name),
      );
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** The outputs of the configuration, then others that have a position, such as those of modules. */
  get names(): readonly string[] {
    return [...new Set([...this.configured, ...this.cursors.names])];
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}

/** Returns the name if it is known. @throws UsageError that names the most similar output. */
export function knownOutput(name: string, names: readonly string[]): string {
  if (names.includes(name)) return name;
  const near = nearest(name, names);
  const list = names.length === 0 ? 'none is configured' : `use one of ${names.join(', ')}`;
  const hint = near === undefined ? list : `did you mean ${near}?`;
  throw new UsageError(`there is no output ${JSON.stringify(name)}; ${hint}`);
}
