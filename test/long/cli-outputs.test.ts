import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileLock } from '../../src/kernel/file-lock.js';
import { type CliResult, startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { GatedOutput, outputsModule } from '../support/gated-output.js';
import { range } from '../support/range.js';

const WAIT = { timeout: 100_000 };
const LAKE = { name: 'lake', type: 'file', path: './lake', enabled: false };

let folder: string;
let journal: string;
let system: TestSystem;
let file: string;
const output = new GatedOutput('soc');
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-outputs-'));
  journal = join(folder, 'journal');
  system = await TestSystem.prepare({
    logs: [{ name: 'a', initialEntries: 10, pageSize: 32 }],
    config: { journal: { store: 'disk', path: journal } },
    imports: [outputsModule(output)],
  });
  const config = system.config();
  config.webserver.listen_port = await freePort();
  await system.startServer(config);
  await system.following();
  file = join(folder, 'config.json');
  const webserver = { listen_addr: '127.0.0.1', listen_port: config.webserver.listen_port };
  writeFileSync(
    file,
    JSON.stringify({ webserver, journal: { store: 'disk', path: journal }, outputs: [LAKE] }),
  );
  await publish(100);
});
afterAll(async () => {
  await system.close();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): Promise<CliResult> =>
  startCli(['outputs', ...args, '-c', file], { cwd: folder }).ended;

/** Publishes entries and waits until the output has acknowledged them. */
async function publish(count: number): Promise<void> {
  const [log] = system.simulator.logs;
  const before = output.indices.length;
  log.append(count);
  log.publish();
  await system.eventually(() => output.indices.length === before + count, 'the output to acknowledge');
}

describe('certstream-server outputs', () => {
  it('lists the outputs of a running server, as a table and as JSON', async () => {
    const { code, out, err } = await run();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [head, row] = out.split('\n');
    expect(head.split(/ {2,}/)).toEqual([
      'NAME',
      'TYPE',
      'RECORD',
      'RECEIVED BEFORE',
      'BACKLOG',
      'LAST ERROR',
    ]);
    expect(row).toMatch(/^soc +- +\d+ +20\d\d-[\d:.TZ-]+ +none +none$/);
    const json = JSON.parse((await run('--json')).out) as { running: boolean; outputs: object[] };
    expect(json).toMatchObject({ running: true, outputs: [{ name: 'soc', backlog: { entries: 0 } }] });
  });

  it('does not reset a position while the server runs', async () => {
    expect(await run('reset', 'soc', '--to', 'head')).toEqual({
      code: 2,
      out: '',
      err: `${journal}: a running server uses this journal; stop the server first\n`,
    });
  });

  it('says in one line that no server answers at --url, or that its answer is not one', async () => {
    const port = await freePort();
    const refused = await run('--url', `ws://127.0.0.1:${port}/`);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(new RegExp(`^no server answers at http://127.0.0.1:${port}: [^\n]+\n$`));
    const [log] = system.simulator.logs;
    expect((await run('--url', log.url)).err).toMatch(/^http[^\n]+: the server has no such page; [^\n]+\n$/);
    expect(await run('--url', 'ftp://x')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--url "ftp:\/\/x" is not/) as string,
    });
  });
});

/** The tests of this block change the positions in turn. */
describe('certstream-server outputs, after the server has stopped', () => {
  const cursors = () =>
    JSON.parse(readFileSync(join(journal, 'cursors.json'), 'utf8')) as { cursors: Record<string, number> };
  let newest: number;
  let middle: { seq: number; cursor: string; time: string };
  beforeAll(async () => {
    const { outputs } = (await (await system.get('/api/outputs')).json()) as {
      outputs: { position: typeof middle }[];
    };
    middle = outputs[0].position;
    await publish(40);
    await system.server.stop();
    newest = cursors().cursors['soc'];
  });

  it('lists the saved positions', async () => {
    const { code, out, err } = await run();
    expect(code).toBe(0);
    expect(err).toMatch(/^no server answers at [^\n]+; these are the saved positions in [^\n]+\n$/);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAME', 'TYPE', 'RECORD', 'BACKLOG'],
      ['lake', 'file', String(newest), '0 entries'],
      ['soc', '-', String(newest), '0 entries'],
      [''],
    ]);
  });

  it('moves a position to a cursor, a time, the oldest record and the newest, and says which entries that concerns', async () => {
    const moves = (from: number, to: number, what: string) => ({
      code: 0,
      err: '',
      out: `soc: the position moves from after record ${from} to after record ${to}; the next start of the server ${what}\n`,
    });
    const { seq, cursor, time } = middle;
    const all = `140 entries (${newest} records)`;
    const late = `40 entries (${newest - seq} records)`;
    const early = `100 entries (${seq} records)`;
    expect(await run('reset', 'soc', '--to', cursor)).toEqual(
      moves(newest, seq, `delivers ${late} once more`),
    );
    expect(await run('reset', 'soc', '--to', 'oldest')).toEqual(moves(seq, 0, `delivers ${early} once more`));
    expect(await run('reset', 'soc', '--to', time)).toEqual(moves(0, seq, `skips ${early}`));
    expect(await run('reset', 'soc', '--to', '-1h')).toEqual(moves(seq, 0, `delivers ${early} once more`));
    expect(await run('reset', 'soc', '--to', 'head')).toEqual(moves(0, newest, `skips ${all}`));
    expect((await run('reset', 'soc', '--to', 'head')).out).toBe(
      `soc: the position stays after record ${newest}\n`,
    );
    expect((await run('reset', 'lake', '--to', 'oldest')).out).toContain(`delivers ${all}\n`);
    expect(cursors().cursors).toEqual({ soc: newest, lake: 0 });
  });

  it('makes the server deliver from the new position on', async () => {
    await run('reset', 'soc', '--to', middle.cursor);
    output.records.clear();
    await system.startServer();
    await expect.poll(() => output.indices, WAIT).toEqual(range(110, 150));
    await system.server.stop();
  });

  it.each([
    [['reset', 'sok', '--to', 'head'], 'there is no output "sok"; did you mean soc?'],
    [['test', 'soc'], 'there is no output "soc"; use one of lake'],
    [
      ['reset', 'soc', '--to', 'tomorrow'],
      '--to "tomorrow" is neither head, oldest, a cursor of this journal nor a time;',
    ],
    [['reset', 'soc', '--to', '0123456789abcdef.1.1.0'], '--to "0123456789abcdef.1.1.0" is neither head,'],
    [['reset', 'soc'], "error: required option '--to <place>' not specified"],
  ])('refuses %j in one line', async (args, line) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.startsWith(line)).toBe(true);
    expect(err.trimEnd()).not.toContain('\n');
  });

  it('sends a test message with an output of the configuration', async () => {
    const { code, out, err } = await run('test', 'lake');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^output lake \(file\): the other side acknowledged a test message in \d+ ms: [^\n]+\n$/,
    );
    const [name, ...others] = readdirSync(join(folder, 'lake')).filter((each) => each.endsWith('.jsonl'));
    expect(others).toEqual([]);
    const message = JSON.parse(readFileSync(join(folder, 'lake', name), 'utf8')) as object;
    expect(message).toMatchObject({ data: { source: { url: 'https://outputs-test.invalid' } } });
  });

  it('says why no test message can be written to files of a server that runs, and what to do', async () => {
    mkdirSync(join(folder, 'lake'), { recursive: true });
    const lock = await FileLock.acquire(join(folder, 'lake', '.output'), () => new Error('locked'));
    try {
      const { code, out, err } = await run('test', 'lake');
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(
        /^output lake: a running server writes to the folder [^\n]+; stop it to test the output, or run `certstream-server outputs`[^\n]+\n$/,
      );
    } finally {
      await lock.release();
    }
  });

  it('keeps in mind that the positions of other outputs were lost', async () => {
    rmSync(join(journal, 'cursors.json'));
    const { code, err } = await run('reset', 'lake', '--to', 'head');
    expect(code).toBe(0);
    expect(err).toMatch(/^lake: its position is lost, because [^\n]+ was missing\n$/);
    output.records.clear();
    await system.startServer();
    await expect.poll(() => output.indices, WAIT).toEqual(range(10, 150));
    await system.server.stop();
  });

  it('refuses a damaged file of positions in one line, and leaves it alone', async () => {
    writeFileSync(join(journal, 'cursors.json'), '{"version":1,');
    for (const args of [['reset', 'soc', '--to', 'head'], []]) {
      const { code, err } = await run(...args);
      expect(code).toBe(2);
      expect(err).toMatch(
        /^[^\n]+cursors.json: it is not JSON, or cut off; repair it, or move it away [^\n]+\n$/,
      );
    }
    expect(readFileSync(join(journal, 'cursors.json'), 'utf8')).toBe('{"version":1,');
  });

  it('has nothing to reset with a journal in memory', async () => {
    writeFileSync(file, JSON.stringify({ outputs: [LAKE] }));
    expect(await run('reset', 'lake', '--to', 'head')).toMatchObject({
      code: 2,
      err: 'journal.store is memory, so positions are not saved; there is nothing to reset\n',
    });
  });
});
