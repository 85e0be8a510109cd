import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fakeEntries } from '../../../test/support/fake-ct-log.js';
import { memoryJournal } from '../../../test/support/feed.js';
import { readPositions } from '../../../test/support/positions.js';
import { configSchema } from '../../config/config-schema.js';
import type { CtLog } from '../client/ct-log.js';
import { LogStateStore } from './log-state-store.js';

let folder: string;
let path: string;
let journal = memoryJournal();
const running: LogStateStore[] = [];

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(undefined as never));
beforeEach(async () => {
  journal = memoryJournal();
  folder = await mkdtemp(join(tmpdir(), 'positions-'));
  path = join(folder, 'ct_index.json');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
  await rm(folder, { recursive: true });
});

function log(host: string): CtLog {
  return {
    source: { name: host, url: `https://${host}`, operator: 'Op', type: 'rfc6962' },
    configured: false,
  };
}

function create(recovery: object = {}): LogStateStore {
  return new LogStateStore(
    configSchema.parse({ general: { recovery: { enabled: true, ct_index_file: path, ...recovery } } })
      .general,
    journal,
  );
}

/** Creates the store of a server that starts after all earlier ones have ended. */
async function store(recovery: object = {}): Promise<LogStateStore> {
  await stopAll();
  const created = create(recovery);
  running.push(created);
  await created.onModuleInit();
  return created;
}

async function stopAll(): Promise<void> {
  for (const stopped of running.splice(0)) await stopped.onApplicationShutdown();
}

describe('LogStateStore', () => {
  it('resumes at the saved positions, and keeps those of logs that are not followed', async () => {
    await writeFile(path, '{"a.net":5,"left.net":9}');
    const first = await store();
    expect(first.get(log('a.net'))?.next).toBe(5);
    expect(first.get(log('new.net'))?.next).toBeUndefined();
    first.update(log('a.net'), { next: 7 });
    await first.save();
    const second = await store();
    expect([second.get(log('a.net'))?.next, second.get(log('left.net'))?.next]).toEqual([7, 9]);
  });

  it('writes only after a change', async () => {
    const positions = await store();
    await positions.save();
    positions.update(log('a.net'), { next: 1 });
    await Promise.all([positions.save(), positions.save()]);
    expect(positions.stats).toMatchObject({ saves: 1, failedSaves: 0 });
  });

  it('counts a failed save and retries it', async () => {
    const { mkdir, rm } = await import('node:fs/promises');
    const blocked = join(folder, 'later');
    const positions = await store({ ct_index_file: join(blocked, 'ct_index.json') });
    await rm(blocked, { recursive: true });
    positions.update(log('a.net'), { next: 3 });
    await positions.save();
    const { failedSaves } = positions.stats;
    expect(positions.stats.saves).toBe(0);
    expect(failedSaves).toBeGreaterThan(0);
    await mkdir(blocked);
    await positions.save();
    expect(positions.stats).toMatchObject({ saves: 1, failedSaves });
  });

  it.each([
    ['state', { state_file: '' }],
    ['index', { state_file: 'other.json' }],
  ])('does not start while another server uses its %s file', async (_which, { state_file: name }) => {
    const first = await store();
    first.update(log('a.net'), { next: 1 });
    await first.save();
    const state_file = name === '' ? '' : join(folder, name);
    const second = create({ state_file });
    running.push(second);
    await expect(second.onModuleInit()).rejects.toMatchObject({
      code: 'CT_STATE_FILE_LOCKED',
      exitCode: 2,
      message: expect.stringMatching(/\.json: [^\n]*stop that server[^\n]*$/),
    });
    expect((await store({ state_file })).get(log('a.net'))?.next).toBe(1);
  });

  it('does not replace a state file of another process, reports that once, and continues when the file is removed', async () => {
    const statePath = join(folder, 'ct_state.json');
    const warnings = vi.spyOn(Logger.prototype, 'warn');
    const states = await store();
    for (const next of [1, 2]) {
      states.update(log('a.net'), { next });
      await states.save();
    }
    const text = await readFile(statePath, 'utf8');
    await writeFile(statePath, text);
    states.update(log('a.net'), { next: 3 });
    await states.save();
    expect(warnings).not.toHaveBeenCalled();
    const foreign = text.replace('"next_index": 2', '"next_index": 9');
    await writeFile(statePath, foreign);
    for (const next of [4, 5]) {
      states.update(log('a.net'), { next });
      await states.save();
    }
    const shared = [
      expect.stringContaining('another process has written it'),
      { code: 'CT_STATE_FILE_SHARED' },
    ];
    expect(warnings.mock.calls).toEqual([shared]);
    expect(await readFile(statePath, 'utf8')).toBe(foreign);
    expect(states.unsaved).toMatchObject({ code: 'CT_STATE_FILE_SHARED' });
    await rm(statePath);
    await states.save();
    expect(states.unsaved).toBeUndefined();
    expect((await store()).get(log('a.net'))?.next).toBe(5);
  });

  it('saves a position when the entries before it are settled, without later positions', async () => {
    const states = await store();
    states.update(log('a.net'), { next: 0 });
    await states.save();
    journal.release('output', 0);
    journal.append(fakeEntries(0, 1), 'next');
    states.update(log('a.net'), { next: 1 });
    const saved = states.save();
    journal.append(fakeEntries(1, 1), 'next');
    states.update(log('a.net'), { next: 2 });
    await new Promise(setImmediate);
    expect(readPositions(path)).toEqual(new Map([['a.net', 0]]));
    journal.release('output', 1);
    await saved;
    expect(readPositions(path)).toEqual(new Map([['a.net', 1]]));
    journal.release('output', 2);
    await states.save();
    expect(readPositions(path)).toEqual(new Map([['a.net', 2]]));
  });

  it('saves late entries and corrections only when they are settled', async () => {
    const states = await store();
    states.update(log('a.net'), { next: 9 });
    states.gaps(log('a.net')).add({ from: 3, to: 6, reason: 'x' });
    await states.save();
    const before = await readFile(join(folder, 'ct_state.json'), 'utf8');
    journal.release('output', 0);
    journal.append(fakeEntries(3, 3), 'late');
    states.gaps(log('a.net')).filled(3, 6);
    const saved = states.save();
    await new Promise(setImmediate);
    expect(await readFile(join(folder, 'ct_state.json'), 'utf8')).toBe(before);
    journal.release('output', 1);
    await saved;
    expect((await store()).gaps(log('a.net')).all()).toEqual([]);
  });

  it('saves nothing while the journal cannot store its records, and reports the reason', async () => {
    const warnings = vi.spyOn(Logger.prototype, 'warn');
    const states = await store();
    vi.spyOn(journal, 'durable').mockRejectedValue(new Error('the disk is full'));
    states.update(log('a.net'), { next: 1 });
    await states.save();
    expect(warnings.mock.calls).toEqual([['positions cannot be saved: the disk is full', {}]]);
    expect(states.unsaved).toMatchObject({ message: 'the disk is full' });
    await expect(readFile(path, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends the last save after five seconds, and reports that entries will be streamed again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const states = await store();
    journal.release('output', 0);
    journal.append(fakeEntries(0, 1), 'next');
    states.update(log('a.net'), { next: 1 });
    const saved = states.saveLast();
    await vi.advanceTimersByTimeAsync(5000);
    await saved;
    expect(states.unsaved).toMatchObject({ code: 'CT_STATE_FILE_NOT_SETTLED' });
  });

  it('does not start with a damaged index file, and keeps it', async () => {
    await writeFile(path, '{"a.net":');
    await expect(store()).rejects.toMatchObject({ code: 'CT_INDEX_FILE_DAMAGED' });
    expect(await readFile(path, 'utf8')).toBe('{"a.net":');
  });

  it('does not start with a damaged state file, and keeps it', async () => {
    await writeFile(join(folder, 'ct_state.json'), '[]');
    await expect(store()).rejects.toMatchObject({ code: 'CT_STATE_FILE_FOREIGN' });
    expect(await readFile(join(folder, 'ct_state.json'), 'utf8')).toBe('[]');
  });

  it('keeps gaps over a restart, and saves every change of them', async () => {
    const first = await store();
    first.gaps(log('a.net')).add({ from: 3, to: 9, reason: 'CT_HTTP_STATUS' });
    await first.save();
    const second = await store();
    expect(second.gaps(log('a.net')).all()).toMatchObject([{ from: 3, to: 9, reason: 'CT_HTTP_STATUS' }]);
    second.gaps(log('a.net')).filled(3, 9);
    await second.save();
    expect((await store()).gaps(log('a.net')).all()).toEqual([]);
  });

  it('forgets the state of a log except for its gaps', async () => {
    const first = await store();
    first.update(log('a.net'), { next: 7 });
    first.gaps(log('a.net')).add({ from: 3, to: 5, reason: 'x' });
    await first.save();
    first.forget(log('a.net'));
    expect(first.resume(log('a.net'))).toEqual({});
    await first.save();
    const second = await store();
    expect(second.resume(log('a.net')).next).toBeUndefined();
    expect(second.gaps(log('a.net')).all()).toMatchObject([{ from: 3, to: 5 }]);
  });

  it('with start: head does not resume positions of the file, only newer ones', async () => {
    const first = await store();
    first.update(log('a.net'), { next: 7 });
    await first.save();
    const second = await store({ start: 'head' });
    expect(second.resume(log('a.net')).next).toBeUndefined();
    second.update(log('a.net'), { next: 20 });
    expect(second.gaps(log('a.net')).all()).toMatchObject([{ from: 7, to: 20, skipped: true }]);
    expect(second.resume(log('a.net')).next).toBe(20);
  });

  it.each(['1h', '3h', ''])('with max_age %j resumes only younger positions', async (max_age) => {
    await writeFile(path, '{"a.net":5}');
    const twoHoursAgo = Date.now() / 1000 - 7200;
    await utimes(path, twoHoursAgo, twoHoursAgo);
    const states = await store({ max_age });
    expect(states.resume(log('a.net')).next).toBe(max_age === '1h' ? undefined : 5);
    states.update(log('a.net'), { next: 6 });
    expect(states.resume(log('a.net')).next).toBe(6);
    const skipped = {
      from: 5,
      to: 6,
      skipped: true,
      reason: expect.stringContaining('max_age (1h)') as string,
    };
    expect(states.gaps(log('a.net')).all()).toMatchObject(max_age === '1h' ? [skipped] : []);
  });

  it('reads and writes no file if recovery is disabled, but keeps positions while it runs', async () => {
    await writeFile(path, 'not read');
    const positions = await store({ enabled: false });
    positions.update(log('a.net'), { next: 4 });
    await positions.save();
    expect(positions.get(log('a.net'))?.next).toBe(4);
    expect(await readFile(path, 'utf8')).toBe('not read');
  });
});
