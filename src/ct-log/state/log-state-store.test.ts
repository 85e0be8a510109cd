import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
afterEach(() => rm(folder, { recursive: true }));

function log(host: string): CtLog {
  return {
    source: { name: host, url: `https://${host}`, operator: 'Op', type: 'rfc6962' },
    configured: false,
  };
}

async function store(enabled = true, file = path): Promise<LogStateStore> {
  const created = new LogStateStore(
    configSchema.parse({ general: { recovery: { enabled, ct_index_file: file } } }),
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
    const positions = await store(true, join(blocked, 'ct_index.json'));
    positions.update(log('a.net'), { next: 3 });
    await positions.save();
    expect(positions.stats).toMatchObject({ saves: 0, failedSaves: 1 });
    const { mkdir } = await import('node:fs/promises');
    await mkdir(blocked);
    await positions.save();
    expect(positions.stats).toMatchObject({ saves: 1, failedSaves: 1 });
  });

  it('refuses to start with a damaged file and leaves it alone', async () => {
    await writeFile(path, '{"a.net":');
    await expect(store()).rejects.toMatchObject({ code: 'CT_INDEX_FILE_DAMAGED' });
    expect(await readFile(path, 'utf8')).toBe('{"a.net":');
  });

  it('reads and writes nothing when recovery is off, but remembers while it runs', async () => {
    await writeFile(path, 'not read');
    const positions = await store(false);
    positions.update(log('a.net'), { next: 4 });
    await positions.save();
    expect(positions.get(log('a.net'))?.next).toBe(4);
    expect(await readFile(path, 'utf8')).toBe('not read');
  });
});
