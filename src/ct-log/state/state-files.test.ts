import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SavedLog } from './state-file.js';
import { StateFiles } from './state-files.js';

/** Steps on the file system until all further ones fail, as in a crash. */
const power = vi.hoisted(() => ({ left: Infinity }));

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const step = <A extends unknown[], R>(work: (...args: A) => R) => {
    return (...args: A): R => {
      if (power.left-- <= 0) throw new Error('no power');
      return work(...args);
    };
  };
  return {
    ...fs,
    rename: step(fs.rename),
    rm: step(fs.rm),
    open: step(async (...args: Parameters<typeof fs.open>) => {
      const file = await fs.open(...args);
      return Object.assign(file, {
        // Half of the text is written when the power fails.
        writeFile: async (text: string) => {
          if (power.left-- <= 0) {
            await file.write(text.slice(0, text.length / 2));
            throw new Error('no power');
          }
          await file.write(text);
        },
        sync: step(() => file.datasync()),
      });
    }),
  };
});

let folder: string;
let statePath: string;
let indexPath: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'));
  statePath = join(folder, 'ct_state.json');
  indexPath = join(folder, 'ct_index.json');
});
afterEach(async () => {
  power.left = Infinity;
  await rm(folder, { recursive: true });
});

const files = (): StateFiles => new StateFiles(statePath, indexPath, () => 1000);
const hash = Buffer.alloc(32, 7);
const head = { treeSize: 30, timestamp: 1, rootHash: hash, signed: Buffer.from('signed') };
const verified = { size: 4, hashes: [hash] };
const gaps: SavedLog['gaps'] = [
  { from: 1, to: 2, missing: 1, since: 0, reason: 'x', tries: 0, skipped: false },
];

function logs(next: number): Map<string, SavedLog> {
  return new Map([
    ['a.example', { next, asOf: 500, verified, head, gaps }],
    ['b.example', { next: next * 2, asOf: 500, gaps: [] }],
  ]);
}

describe(StateFiles.name, () => {
  it('reads back what it wrote, and leaves no other file', async () => {
    await files().save(logs(5));
    await files().save(logs(6));
    expect(await files().load()).toEqual({ logs: logs(6), origin: statePath });
    expect((await readdir(folder)).sort()).toEqual(['ct_index.json', 'ct_state.json']);
  });

  it('loads nothing if there is no file', async () => {
    expect(await files().load()).toEqual({ logs: new Map(), origin: undefined });
  });

  it("imports the Go server's file, with its modification time as the time of the positions", async () => {
    await writeFile(indexPath, '{"a.example": 12, "b.example": 0}');
    await utimes(indexPath, 2000, 2000);
    expect(await files().load()).toEqual({
      logs: new Map([['a.example', { next: 12, asOf: 2_000_000, gaps: [] }]]),
      origin: indexPath,
    });
  });

  it('continues without the index file', async () => {
    await files().save(logs(5));
    await rm(indexPath);
    expect(await files().load()).toEqual({ logs: logs(5), origin: statePath });
  });

  it('uses positions that another program wrote later, and keeps heads and gaps', async () => {
    await files().save(logs(5));
    await writeFile(indexPath, '{"_certstream_server_nest": 1, "a.example": 19, "b.example": 9}');
    await utimes(indexPath, 2000, 2000);
    const { logs: loaded, origin } = await files().load();
    expect([...loaded]).toEqual([
      ['a.example', { next: 20, asOf: 2_000_000, head, gaps }],
      ['b.example', { next: 10, asOf: 2_000_000, gaps: [] }],
    ]);
    expect(origin).toContain('of 1 logs');
  });

  it.each([
    ['state', 'CT_STATE_FILE_DAMAGED'],
    ['index', 'CT_INDEX_FILE_DAMAGED'],
  ])('rejects a damaged %s file even if the other file is good, and keeps both', async (which, code) => {
    await files().save(logs(5));
    const path = which === 'state' ? statePath : indexPath;
    await writeFile(path, '{"a');
    await expect(files().load()).rejects.toMatchObject({ code, exitCode: 2 });
    expect(await readFile(path, 'utf8')).toBe('{"a');
  });

  it('rejects unreadable files', async () => {
    await mkdir(statePath);
    await expect(files().load()).rejects.toMatchObject({ code: 'CT_STATE_FILE_UNREADABLE', exitCode: 2 });
    await rm(statePath, { recursive: true });
    await mkdir(indexPath);
    await expect(files().load()).rejects.toMatchObject({ code: 'CT_INDEX_FILE_UNREADABLE', exitCode: 2 });
  });

  it('loads the whole old or the whole new state if the power fails at any step', async () => {
    const seen = new Set<number>();
    let isDone = false;
    for (let steps = 0; !isDone; steps++) {
      const writer = files();
      await writer.load();
      await writer.save(logs(5));
      power.left = steps;
      isDone = await writer.save(logs(6)).then(
        () => power.left > 0,
        () => false,
      );
      power.left = Infinity;
      const { logs: loaded, origin } = await files().load();
      const next = loaded.get('a.example')!.next!;
      expect([steps, loaded, origin]).toEqual([steps, logs(next), statePath]);
      seen.add(next);
      expect(steps).toBeLessThan(50);
    }
    expect([...seen]).toEqual([5, 6]);
  });

  it('loads the first state or none if the power fails at any step of the first save', async () => {
    for (let steps = 0; steps < 12; steps++) {
      power.left = steps;
      await files()
        .save(logs(5))
        .catch(() => undefined);
      power.left = Infinity;
      const { logs: loaded } = await files().load();
      expect([new Map(), logs(5)]).toContainEqual(loaded);
      await rm(statePath, { force: true });
      await rm(indexPath, { force: true });
    }
  });

  it('reports which file cannot be written, and keeps the old one', async () => {
    await files().save(logs(5));
    power.left = 0;
    await expect(files().save(logs(6))).rejects.toMatchObject({ code: 'CT_STATE_FILE_UNWRITABLE' });
    power.left = Infinity;
    expect(await files().load()).toEqual({ logs: logs(5), origin: statePath });
    await rm(indexPath);
    await mkdir(indexPath);
    await expect(files().save(logs(6))).rejects.toMatchObject({ code: 'CT_INDEX_FILE_UNWRITABLE' });
    await rm(indexPath, { recursive: true });
    expect(await files().load()).toEqual({ logs: logs(6), origin: statePath });
  });

  it('does not replace a file that another process has written since it was read', async () => {
    const [first, second] = [files(), files()];
    for (const reader of [first, second]) await reader.load();
    await first.save(logs(5));
    await expect(second.save(logs(6))).rejects.toMatchObject({ code: 'CT_STATE_FILE_SHARED' });
    await first.save(logs(7));
    expect((await files().load()).logs).toEqual(logs(7));
  });

  it('removes temporary files of a killed process after it has locked the files', async () => {
    const names = ['ct_state.json.0f0f0f0f.tmp', 'ct_index.json.tmp', 'other.json.tmp'];
    for (const name of names) await writeFile(join(folder, name), 'half');
    const owner = files();
    expect(await owner.lock()).toBeUndefined();
    await owner.unlock();
    expect(await readdir(folder)).toEqual(['other.json.tmp']);
  });
});
