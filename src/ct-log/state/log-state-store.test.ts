import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { configSchema } from '../../config/config-schema.js';
import type { CtLog } from '../ct-log.js';
import { LogStateStore } from './log-state-store.js';

let folder: string;
let path: string;

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(undefined as never));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'positions-'));
  path = join(folder, 'ct_index.json');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

function log(host: string): CtLog {
  return {
    source: { name: host, url: `https://${host}`, operator: 'Op', type: 'rfc6962' },
    configured: false,
  };
}

async function store(recovery: object = {}): Promise<LogStateStore> {
  const created = new LogStateStore(
    configSchema.parse({ general: { recovery: { enabled: true, ct_index_file: path, ...recovery } } }),
  );
  await created.onModuleInit();
  return created;
}

describe('LogStateStore', () => {
  it('resumes where it was, and keeps positions of logs that nobody follows', async () => {
    await writeFile(path, '{"a.net":5,"left.net":9}');
    const first = await store();
    expect(first.get(log('a.net'))?.next).toBe(5);
    expect(first.get(log('new.net'))?.next).toBeUndefined();
    first.update(log('a.net'), { next: 7 });
    await first.save();
    const second = await store();
    expect([second.get(log('a.net'))?.next, second.get(log('left.net'))?.next]).toEqual([7, 9]);
  });

  it('writes only what changed', async () => {
    const positions = await store();
    await positions.save();
    positions.update(log('a.net'), { next: 1 });
    await Promise.all([positions.save(), positions.save()]);
    expect(positions.stats).toMatchObject({ saves: 1, failedSaves: 0 });
  });

  it('counts a save that fails, goes on, and saves when it can', async () => {
    const blocked = join(folder, 'later');
    const positions = await store({ ct_index_file: join(blocked, 'ct_index.json') });
    positions.update(log('a.net'), { next: 3 });
    await positions.save();
    expect(positions.stats).toMatchObject({ saves: 0, failedSaves: 1 });
    const { mkdir } = await import('node:fs/promises');
    await mkdir(blocked);
    await positions.save();
    expect(positions.stats).toMatchObject({ saves: 1, failedSaves: 1 });
  });

  it('tells when two servers write the same file, and when that is over', async () => {
    const warnings = vi.spyOn(Logger.prototype, 'warn');
    const [first, second] = [await store(), await store()];
    const saveAt = async (states: LogStateStore, next: number): Promise<void> => {
      states.update(log('a.net'), { next });
      await states.save();
    };
    await saveAt(first, 1);
    await saveAt(first, 2);
    await saveAt(second, 1);
    expect(warnings).not.toHaveBeenCalled();
    await saveAt(first, 3);
    const shared = [expect.stringContaining('by somebody else'), { code: 'CT_STATE_FILE_SHARED' }];
    expect(warnings.mock.calls).toEqual([shared]);
    const ends = vi.spyOn(Logger.prototype, 'log');
    await saveAt(first, 4);
    expect(ends.mock.calls).toEqual([
      [expect.stringMatching(/^resolved: .*somebody else/), expect.anything()],
    ]);
  });

  it('refuses to start with a damaged file and leaves it alone', async () => {
    await writeFile(path, '{"a.net":');
    await expect(store()).rejects.toMatchObject({ code: 'CT_INDEX_FILE_DAMAGED' });
    expect(await readFile(path, 'utf8')).toBe('{"a.net":');
  });

  it('refuses to start with a damaged state file and leaves it alone', async () => {
    await writeFile(join(folder, 'ct_state.json'), '[]');
    await expect(store()).rejects.toMatchObject({ code: 'CT_STATE_FILE_FOREIGN' });
    expect(await readFile(join(folder, 'ct_state.json'), 'utf8')).toBe('[]');
  });

  it('keeps gaps over a restart, and writes every change of them', async () => {
    const first = await store();
    first.gaps(log('a.net')).add({ from: 3, to: 9, reason: 'CT_HTTP_STATUS' });
    await first.save();
    const second = await store();
    expect(second.gaps(log('a.net')).all()).toMatchObject([{ from: 3, to: 9, reason: 'CT_HTTP_STATUS' }]);
    second.gaps(log('a.net')).filled(3, 9);
    await second.save();
    expect((await store()).gaps(log('a.net')).all()).toEqual([]);
  });

  it('with start: head resumes no position of the file, and every one that is newer', async () => {
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

  it('reads and writes nothing when recovery is off, but remembers while it runs', async () => {
    await writeFile(path, 'not read');
    const positions = await store({ enabled: false });
    positions.update(log('a.net'), { next: 4 });
    await positions.save();
    expect(positions.get(log('a.net'))?.next).toBe(4);
    expect(await readFile(path, 'utf8')).toBe('not read');
  });
});
