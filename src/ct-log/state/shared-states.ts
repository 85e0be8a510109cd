import { createHash } from 'node:crypto';
import { hasClusterCode } from '../../cluster/cluster-error.js';
import type { SharedRecords } from '../../cluster/shared-records.js';
import { formatStateFile, parseStateFile, type SavedLog } from './state-file.js';
import { StateFileError } from './state-file-error.js';
import type { StateStorage } from './state-storage.js';

/** A record that this process has read or written last. */
interface TakenRecord {
  revision: number;
  /** undefined if the record does not exist. */
  text: string | undefined;
  /** When it was written last, monotonic milliseconds. */
  writtenAt: number;
}

/** Time after which an unchanged state is written again: the record may be lost with its bucket. */
const REWRITE_MS = 60_000;

/**
 * The states of logs in the records of a cluster: one record for each log, in the format of a state file with one log. A state is
 * written only if no other process has written it since this one read it. So a process that was paused, and whose logs another
 * process follows now, changes nothing.
 */
export class SharedStates implements StateStorage {
  private readonly taken = new Map<string, TakenRecord>();

  constructor(
    private readonly records: SharedRecords,
    private readonly events: {
      /** Called with the key of a log whose state another process has written. The log is no longer taken then. */
      readonly onFenced: (key: string) => void;
      /** Called with the error of a record that cannot be read. The log then has no state, and its record is written anew. */
      readonly onDamaged: (error: StateFileError) => void;
    },
  ) {}

  /**
   * Reads the state of a log, which this process may save from now on.
   * @returns undefined if there is none.
   * @throws ClusterError (`CLUSTER_UNAVAILABLE`), StateFileError (`CT_STATE_FILE_NEWER`) if a member of a later version wrote it.
   */
  async take(key: string): Promise<SavedLog | undefined> {
    const { value, revision } = await this.records.get(recordName(key));
    const text = value && Buffer.from(value).toString('utf8');
    const saved = text === undefined ? undefined : this.parse(key, text);
    this.taken.set(key, { revision, text, writtenAt: performance.now() });
    return saved;
  }

  /** Gives a log up. Its state is not saved again. */
  drop(key: string): void {
    this.taken.delete(key);
  }

  /** Returns the logs that are taken now. A state of this moment must not be saved after its log was taken again. */
  snapshot(): ReadonlySet<unknown> {
    return new Set(this.taken.values());
  }

  /**
   * Saves the states of the logs that are taken and have changed.
   * @param snapshot what {@link snapshot} returned when the states were read.
   * @throws the first ClusterError, after all logs were tried.
   */
  async save(states: ReadonlyMap<string, SavedLog>, snapshot = this.snapshot()): Promise<void> {
    const failures: unknown[] = [];
    const current = [...states].filter(([key]) => snapshot.has(this.taken.get(key)));
    await Promise.all(
      current.map(([key, saved]) => this.saveOne(key, saved).catch((error: unknown) => failures.push(error))),
    );
    if (failures.length > 0) throw failures[0];
  }

  /** Returns the states of all logs of the cluster, by `logKey(log)`, without their places in the journal. */
  async readAll(): Promise<Map<string, SavedLog>> {
    const all = new Map<string, SavedLog>();
    for (const name of await this.records.keys()) {
      const { value } = await this.records.get(name);
      if (value === undefined) continue;
      const text = Buffer.from(value).toString('utf8');
      const { logs } = parseStateFile(`record ${name}`, text, { ignoresUnknownKeys: true });
      for (const [key, { place: _, ...saved }] of logs) all.set(key, saved);
    }
    return all;
  }

  private parse(key: string, text: string): SavedLog | undefined {
    try {
      return parseStateFile(`state of ${key}`, text, { ignoresUnknownKeys: true }).logs.get(key);
    } catch (error) {
      if (!(error instanceof StateFileError) || error.code === 'CT_STATE_FILE_NEWER') throw error;
      this.events.onDamaged(error);
      return undefined;
    }
  }

  private async saveOne(key: string, saved: SavedLog): Promise<void> {
    const record = this.taken.get(key);
    if (record === undefined) return;
    const text = formatStateFile({ logs: new Map([[key, saved]]), indexFiles: [] }, saved.asOf);
    if (text === record.text && performance.now() - record.writtenAt < REWRITE_MS) return;
    try {
      record.revision = await this.put(key, text, record.revision);
    } catch (error) {
      if (!hasClusterCode(error, 'CLUSTER_FENCED')) throw error;
      if (this.taken.get(key) !== record) return;
      this.taken.delete(key);
      this.events.onFenced(key);
      return;
    }
    record.text = text;
    record.writtenAt = performance.now();
  }

  private async put(key: string, text: string, revision: number): Promise<number> {
    const value = Buffer.from(text);
    try {
      return await this.records.put(recordName(key), value, revision);
    } catch (error) {
      if (!hasClusterCode(error, 'CLUSTER_RECORD_LOST')) throw error;
      // The bucket was lost. The first process to write the record again has it.
      return this.records.put(recordName(key), value, 0);
    }
  }
}

/** Returns the name of the record of a log: the first 16 hexadecimal digits of the SHA-256 of its key. */
function recordName(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
