import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { HAS_ZSTD } from '../src/outputs/file/zstd-frames.js';
import { startCli } from '../src/testing/cli-process.js';
import { TestSystem } from '../src/testing/test-system.js';
import { range } from './support/range.js';

let running: TestSystem | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const WAIT = { timeout: 100_000, interval: 100 };
const INITIAL = 10;

/** A log and a server whose configuration has one output to `files` in the folder of the system. */
async function prepare(settings: object = {}): Promise<{ system: TestSystem; files: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'certstream-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const files = join(folder, 'files');
  const system = await TestSystem.prepare({
    logs: [{ name: 'a', initialEntries: INITIAL }],
    config: {
      journal: { store: 'disk', path: join(folder, 'journal') },
      general: { recovery: { enabled: true, ct_index_file: join(folder, 'ct_index.json') } },
      outputs: [{ name: 'disk', type: 'file', path: files, ...settings }],
    },
  });
  running = system;
  return { system, files };
}

/** The indices in the files, oldest file first. @param all whether the whole lines of a file that is being written count. */
function indicesIn(folder: string, all = false): number[] {
  const names = readdirSync(folder).filter((name) => name.includes('.jsonl'));
  return names.sort().flatMap((name) => {
    const isOpen = name.endsWith('.open');
    if (isOpen && !all) return [];
    let text = textOf(join(folder, name));
    if (isOpen) text = text.slice(0, text.lastIndexOf('\n') + 1);
    else expect(text.endsWith('\n')).toBe(true);
    const lines = text === '' ? [] : text.trimEnd().split('\n');
    return lines.map((line) => (JSON.parse(line) as { data: { cert_index: number } }).data.cert_index);
  });
}

function textOf(file: string): string {
  const octets = readFileSync(file);
  if (!file.includes('.gz') || octets.length === 0) return octets.toString();
  // The end of a file that is being written may be missing.
  return gunzipSync(octets, file.endsWith('.open') ? { finishFlush: constants.Z_SYNC_FLUSH } : {}).toString();
}

describe('an output to files', () => {
  it.each(['none', 'gzip'])(
    'has every entry in order after the server was killed, with compression: %s',
    async (compression) => {
      const { system, files } = await prepare({ compression });
      const [log] = system.simulator.logs;
      let total = INITIAL;
      const publish = (count: number) => {
        log.append(count);
        log.publish();
        total += count;
      };
      for (let kill = 0; kill < 2; kill++) {
        const cli = await system.startProcess();
        await system.following();
        publish(200);
        await expect.poll(() => indicesIn(files, true).length, WAIT).toBeGreaterThan(kill * 200);
        publish(300);
        cli.signal('SIGKILL');
        await cli.ended;
      }
      const cli = await system.startProcess();
      await system.following();
      publish(50);
      const wanted = range(INITIAL, total);
      await expect.poll(() => new Set(indicesIn(files, true)).size, WAIT).toBe(wanted.length);
      cli.signal('SIGTERM');
      expect(await cli.ended).toMatchObject({ code: 0 });
      expect(readdirSync(files).filter((name) => name.endsWith('.open'))).toEqual([]);
      const indices = indicesIn(files);
      expect([...new Set(indices)]).toEqual(wanted);
    },
  );

  it.skipIf(process.getuid?.() !== 0)(
    'goes on after the disk was full, and lacks nothing (needs root for a tmpfs)',
    async () => {
      const { system, files } = await prepare();
      mkdirSync(files);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', files]);
      try {
        writeFileSync(join(files, 'other'), Buffer.alloc(1020 * 1024));
        await system.startServer();
        await system.following();
        const client = await system.connect('/');
        const [log] = system.simulator.logs;
        log.append(40);
        log.publish();
        const says = /output disk: there is no room for files in .* \(ENOSPC\); free disk space/;
        await expect.poll(() => system.output.filter((line) => says.test(line)).length, WAIT).toBe(1);
        await expect.poll(() => client.frames.length, WAIT).toBeGreaterThanOrEqual(40);
        rmSync(join(files, 'other'));
        await expect.poll(() => indicesIn(files, true).length, WAIT).toBe(40);
        await system.server.stop();
        expect(indicesIn(files)).toEqual(range(INITIAL, INITIAL + 40));
      } finally {
        await system.server.stop().catch(() => undefined);
        execFileSync('umount', [files]);
      }
    },
  );

  it('ends the start of a second server with one line', async () => {
    const { system, files } = await prepare();
    await system.startServer();
    const config = join(system.folder, 'second.yaml');
    const second = {
      webserver: { listen_addr: '127.0.0.1', listen_port: 1 },
      outputs: [{ name: 'other', type: 'file', path: files }],
    };
    writeFileSync(config, JSON.stringify(second));
    const { code, err } = await startCli(['serve', '-c', config], { cwd: system.folder }).ended;
    expect({
      code,
      lines: err
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('output other:')),
    }).toEqual({
      code: 2,
      lines: [
        expect.stringMatching(/^output other: the folder .* is used by another output or another server/),
      ],
    });
  });
});

describe('validate', () => {
  it('names what each output lacks, and starts nothing', async () => {
    const { system } = await prepare();
    const config = join(system.folder, 'lacking.yaml');
    const outputs = [
      { name: 'a', type: 'file', path: join(system.folder, 'a') },
      { name: 'b', type: 'file', path: join(system.folder, 'b'), compression: 'zstd' },
      { name: 'c', type: 'file', path: join(system.folder, 'c'), compression: 'zstd', enabled: false },
    ];
    writeFileSync(config, JSON.stringify({ journal: { store: 'disk' }, outputs }));
    const { code, err } = await startCli(['validate', '-c', config], { cwd: system.folder }).ended;
    if (HAS_ZSTD) expect(code).toBe(0);
    else
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringMatching(/^output b: .*Node 22\.15[^\n]*\n$/),
      });
    expect(readdirSync(system.folder)).not.toContain('a');
  });
});
