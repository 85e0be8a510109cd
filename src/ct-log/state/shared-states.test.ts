import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterError } from '../../cluster/cluster-error.js';
import type { SharedRecord, SharedRecords } from '../../cluster/shared-records.js';
import type { SavedLog } from './state-file.js';
import { SharedStates } from './shared-states.js';

/** The records of a cluster in memory, with the compare-and-swap of {@link SharedRecords.put}. */
class MemoryRecords implements SharedRecords {
  private readonly kept = new Map<string, { readonly value: Uint8Array; readonly revision: number }>();
  private revision = 0;

  get(key: string): Promise<SharedRecord> {
    return Promise.resolve(this.kept.get(key) ?? { value: undefined, revision: 0 });
  }

  put(key: string, value: Uint8Array, revision: number): Promise<number> {
    const kept = this.kept.get(key);
    const code = kept === undefined ? 'CLUSTER_RECORD_LOST' : 'CLUSTER_FENCED';
    if ((kept?.revision ?? 0) !== revision) return Promise.reject(new ClusterError(code, key));
    this.kept.set(key, { value, revision: ++this.revision });
    return Promise.resolve(this.revision);
  }

  keys(): Promise<string[]> {
    return Promise.resolve([...this.kept.keys()]);
  }

  /** Loses the bucket. */
  clear(): void {
    this.kept.clear();
  }
}

const LOG = 'log.example/2026';
const at = (next: number) => new Map<string, SavedLog>([[LOG, { next, asOf: 0, gaps: [] }]]);

describe(SharedStates.name, () => {
  const records = new MemoryRecords();
  const fenced: string[] = [];
  const damaged: Error[] = [];
  const member = (): SharedStates =>
    new SharedStates(records, {
      onFenced: (key) => fenced.push(key),
      onDamaged: (error) => damaged.push(error),
    });

  /** Replaces the record of the log by any JSON, as a member of another version writes it. */
  const write = async (value: object): Promise<void> => {
    const first = member();
    await first.take(LOG);
    await first.save(at(0));
    const [key] = await records.keys();
    await records.put(key, Buffer.from(JSON.stringify(value)), (await records.get(key)).revision);
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    records.clear();
    fenced.length = 0;
    damaged.length = 0;
  });
  afterEach(() => void vi.useRealTimers());

  it('passes the state of a log from member to member', async () => {
    const [first, second] = [member(), member()];
    expect(await first.take(LOG)).toBeUndefined();
    await first.save(at(7));
    expect(await second.take(LOG)).toMatchObject({ next: 7 });
  });

  it('writes nothing after another member has written, and reports that once', async () => {
    const [paused, owner] = [member(), member()];
    await paused.take(LOG);
    await owner.take(LOG);
    await owner.save(at(9));
    await paused.save(at(5));
    await paused.save(at(6));
    expect(fenced).toEqual([LOG]);
    expect(await member().take(LOG)).toMatchObject({ next: 9 });
  });

  it('does not write a state that was read before the log was taken again', async () => {
    const states = member();
    await states.take(LOG);
    await states.save(at(3));
    const snapshot = states.snapshot();
    states.drop(LOG);
    await states.take(LOG);
    await states.save(at(8), snapshot);
    expect(await member().take(LOG)).toMatchObject({ next: 3 });
  });

  it('writes an unchanged state again within a minute after its bucket was lost', async () => {
    const states = member();
    await states.take(LOG);
    await states.save(at(4));
    records.clear();
    await states.save(at(4));
    expect(await records.keys()).toEqual([]);
    vi.advanceTimersByTime(60_000);
    await states.save(at(4));
    expect(await member().take(LOG)).toMatchObject({ next: 4 });
  });

  it.each([1, 2])('reads a state of format %s', async (version) => {
    const gap = { from: 0, to: 2, missing: 2, reason: 'CT_TIMEOUT', tries: 1, skipped: false, since: TIME };
    await write({ ...state(version), logs: { [LOG]: { next_index: 3, as_of: TIME, gaps: [gap] } } });
    expect(await member().take(LOG)).toEqual({ next: 3, asOf: 0, gaps: [{ ...gap, since: 0 }] });
  });

  it('reads a state in which a member of a later version has added keys, at every level', async () => {
    const added = { added: { by: 'a later version' } };
    const hash = Buffer.alloc(32).toString('base64');
    const gap = { from: 0, to: 2, missing: 2, reason: 'CT_TIMEOUT', tries: 1, ...added };
    const saved = {
      next_index: 3,
      as_of: TIME,
      verified: { size: 1, hashes: [hash], ...added },
      head: { tree_size: 3, timestamp: 0, root_hash: hash, signed: '', ...added },
      gaps: [{ ...gap, since: TIME }],
      place: { epoch: 'e', seq: 4, ...added },
      ...added,
    };
    const content = { ...state(2), ...added, logs: { [LOG]: saved } };
    const sum = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    await write({ ...content, checksum: `sha256:${sum}` });
    const expected = { next: 3, verified: { size: 1 }, head: { treeSize: 3 }, gaps: [{ from: 0, to: 2 }] };
    expect(await member().take(LOG)).toMatchObject({ ...expected, place: { epoch: 'e', seq: 4 } });
    expect((await member().readAll()).get(LOG)).toMatchObject(expected);
    expect(damaged).toEqual([]);
  });

  it('leaves a state of a later format alone, and the member does not follow its log', async () => {
    await write({ ...state(3), place: 'unknown' });
    const older = member();
    await expect(older.take(LOG)).rejects.toMatchObject({ code: 'CT_STATE_FILE_NEWER' });
    await older.save(at(1));
    const [key] = await records.keys();
    expect(Buffer.from((await records.get(key)).value!).toString()).toContain('unknown');
    expect(fenced).toEqual([]);
  });
});

const TIME = '1970-01-01T00:00:00.000Z';
const state = (version: number) => ({
  version,
  written_by: 'certstream-server-nest 0.1.0',
  saved_at: TIME,
  ct_index_sha256: [],
  logs: {},
});
