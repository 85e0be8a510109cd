import { z } from 'zod';
import { hasClusterCode } from '../cluster/cluster-error.js';
import type { SharedRecords } from '../cluster/shared-records.js';
import type { EntryJournal } from '../feed/journal/entry-journal.js';
import { parseBoundedJson } from '../kernel/bounded-json.js';
import type { OutputStart } from './output-cursors.js';
import { OutputError } from './output-error.js';

/** Version of the format. Newer versions may add keys; one that changes the meaning of a key has another number. */
const VERSION = 1;
const MAX_VALUES = 16;

const cursorRecord = z.object({
  version: z.literal(VERSION),
  epoch: z.string(),
  seq: z.int().nonnegative(),
});

interface TakenCursor {
  revision: number;
  /** The last record that the output has acknowledged, and the one that is saved. */
  seq: number;
  saved: number | undefined;
}

/**
 * The positions of outputs in the records of a cluster. A position is written only if no other member has written it since this one
 * read it, so a member that was paused does not move the position of an output that another member runs now.
 */
export class SharedCursors {
  private readonly taken = new Map<string, TakenCursor>();

  /** @param onFenced is called with the name of an output whose position another member has written. It is no longer taken then. */
  constructor(
    private readonly records: SharedRecords,
    private readonly journal: Pick<EntryJournal, 'epoch' | 'oldest' | 'newest'>,
    private readonly onFenced: (name: string) => void,
  ) {}

  /**
   * Reads the position of an output, which this member may save from now on. A new output begins after the newest record, and an output
   * whose position is of another journal at the oldest one.
   * @throws ClusterError (`CLUSTER_UNAVAILABLE`), OutputError (`OUTPUT_POSITION_NEWER`) if a member of a later version wrote it in a format
   * that this one does not know.
   */
  async take(name: string): Promise<OutputStart> {
    const { value, revision } = await this.records.get(name);
    const { epoch, oldest, newest } = this.journal;
    const saved = value && parse(value);
    const isOfEpoch = saved?.epoch === epoch;
    const after = value === undefined ? newest : isOfEpoch ? Math.min(saved.seq, newest) : oldest - 1;
    this.taken.set(name, { revision, seq: after, saved: isOfEpoch ? after : undefined });
    if (value === undefined || isOfEpoch) return { after };
    return {
      after,
      reason:
        saved === undefined ? 'its position is damaged' : 'the journal of its position no longer exists',
    };
  }

  /** Gives an output up. Its position is not saved again. */
  drop(name: string): void {
    this.taken.delete(name);
  }

  /** Has the next save write the position although it has not moved: the record may be lost. */
  rewrite(name: string): void {
    const cursor = this.taken.get(name);
    if (cursor !== undefined) cursor.saved = undefined;
  }

  set(name: string, seq: number): void {
    const cursor = this.taken.get(name);
    if (cursor !== undefined) cursor.seq = seq;
  }

  /** Saves the positions that have changed. @throws the first ClusterError, after all were tried. */
  async save(): Promise<void> {
    const failures: unknown[] = [];
    await Promise.all(
      [...this.taken].map(([name, cursor]) =>
        this.saveOne(name, cursor).catch((error: unknown) => failures.push(error)),
      ),
    );
    if (failures.length > 0) throw failures[0];
  }

  private async saveOne(name: string, cursor: TakenCursor): Promise<void> {
    const { seq, saved } = cursor;
    if (seq === saved) return;
    const value = Buffer.from(JSON.stringify({ version: VERSION, epoch: this.journal.epoch, seq }));
    try {
      cursor.revision = await this.put(name, value, cursor.revision);
      cursor.saved = seq;
    } catch (error) {
      if (!hasClusterCode(error, 'CLUSTER_FENCED')) throw error;
      if (this.taken.get(name) !== cursor) return;
      this.taken.delete(name);
      this.onFenced(name);
    }
  }

  private async put(name: string, value: Uint8Array, revision: number): Promise<number> {
    try {
      return await this.records.put(name, value, revision);
    } catch (error) {
      if (!hasClusterCode(error, 'CLUSTER_RECORD_LOST')) throw error;
      return this.records.put(name, value, 0);
    }
  }
}

/** @returns undefined for a damaged record. @throws OutputError (`OUTPUT_POSITION_NEWER`) */
function parse(value: Uint8Array): z.infer<typeof cursorRecord> | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(Buffer.from(value), { maxStructure: MAX_VALUES });
  } catch {
    return undefined;
  }
  const { version } = (json ?? {}) as { readonly version?: unknown };
  if (typeof version === 'number' && version > VERSION)
    throw new OutputError(
      'OUTPUT_POSITION_NEWER',
      `a member of a later version wrote its position, in format ${version}; update this member`,
    );
  const { success, data } = cursorRecord.safeParse(json);
  return success ? data : undefined;
}
