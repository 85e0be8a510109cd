import { z } from 'zod';
import { hasClusterCode } from '../cluster/cluster-error.js';
import type { SharedRecords } from '../cluster/shared-records.js';
import type { EntryJournal } from '../feed/journal/entry-journal.js';
import { JournalError } from '../feed/journal/journal-error.js';
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

type Cursor = z.infer<typeof cursorRecord>;

interface TakenCursor {
  /** Of the journal that `seq` belongs to. */
  readonly epoch: string;
  revision: number;
  /** The last record that the output has acknowledged, and the one that is saved. */
  seq: number;
  saved: number | undefined;
}

/** Where one run of an output begins. */
export interface SharedStart extends OutputStart {
  /** Moves the position. It has no effect after the output was dropped or taken again, so that an earlier run moves nothing. */
  readonly moved: (seq: number) => void;
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
    private readonly journal: Pick<EntryJournal, 'epoch' | 'oldest' | 'newest' | 'shared'>,
    private readonly onFenced: (name: string) => void,
  ) {}

  /**
   * Reads the position of an output, which this member may save from now on. A new output begins after the newest record, and an output
   * whose position is of another journal at the oldest one.
   * @param most the greatest position that the journal has; it may have lost later records, whose numbers others have now.
   * @throws ClusterError (`CLUSTER_UNAVAILABLE`), OutputError (`OUTPUT_POSITION_NEWER`) if a member of a later version wrote it in a format
   *   that this one does not know, JournalError (`JOURNAL_REPLACED`) if this member has not noticed yet that another journal
   *   has taken the place of the one that it reads
   */
  async take(name: string, most = Infinity): Promise<SharedStart> {
    const { value, revision } = await this.records.get(name);
    const saved = value && parse(value);
    const end = await this.endFor(saved);
    const { epoch, oldest, newest } = this.journal;
    const isOfEpoch = saved?.epoch === epoch;
    const after = value === undefined ? newest : isOfEpoch ? Math.min(saved.seq, end, most) : oldest - 1;
    const cursor = { epoch, revision, seq: after, saved: isOfEpoch ? saved.seq : undefined };
    this.taken.set(name, cursor);
    const start = { after, moved: (seq: number) => void (cursor.seq = seq) };
    if (value === undefined || isOfEpoch) return start;
    const reason =
      saved === undefined ? 'its position is damaged' : 'the journal of its position no longer exists';
    return { ...start, reason };
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
    const { epoch, seq, saved } = cursor;
    if (seq === saved) return;
    const value = Buffer.from(JSON.stringify({ version: VERSION, epoch, seq }));
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

  /**
   * Returns the number of the newest record. This member may not have read it yet, nor know that another journal has taken the place of
   * the one that it reads, so the servers are asked about a position that it does not know.
   */
  private async endFor(saved: Cursor | undefined): Promise<number> {
    const { epoch, newest, shared } = this.journal;
    if (saved === undefined || shared === undefined) return newest;
    if (saved.epoch === epoch && saved.seq <= newest) return newest;
    const place = await shared.newestPlace();
    if (place.epoch === this.journal.epoch) return Math.max(newest, place.seq);
    throw new JournalError(
      'JOURNAL_REPLACED',
      'the journal of the cluster',
      'this member does not read it yet',
    );
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
function parse(value: Uint8Array): Cursor | undefined {
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
