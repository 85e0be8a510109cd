import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogStateStore } from '../src/ct-log/state/log-state-store.js';
import { TailingService } from '../src/ct-log/following/tailing.service.js';
import { freePort } from '../src/testing/free-port.js';
import { readPositions, readStates } from './support/positions.js';
import { INITIAL, keyOf, RecoverySystem } from './support/recovery-system.js';
import { type CliResult, startCli } from '../src/testing/cli-process.js';
import { range } from './support/range.js';

let server: RecoverySystem;
beforeEach(async () => {
  server = await RecoverySystem.prepare();
});
afterEach(() => server.system.close());

describe('the state file', () => {
  it('has position, verified tree and newest head of every log, and the file of the Go server beside it has the positions', async () => {
    const indices = await server.observe();
    server.grow(10);
    await indices.upTo(INITIAL + 10, ...server.logs);
    await server.reported(({ verified_index }) => verified_index === INITIAL + 10, 'proofs');
    await server.system.server.stop();
    const states = readStates(server.stateFile);
    for (const log of server.logs) {
      expect(states.get(keyOf(log))).toMatchObject({
        next: INITIAL + 10,
        verified: { size: INITIAL + 10 },
        head: { treeSize: INITIAL + 10, rootHash: log.head.rootHash },
        gaps: [],
      });
      expect(readPositions(server.indexFile).get(keyOf(log))).toBe(INITIAL + 10);
    }
    expect(server.system.output.join('')).not.toContain('entries from index');
  });

  it('is superseded by an index file that the Go server has written since, which is logged', async () => {
    await server.observe();
    await server.system.server.stop();
    const [rfc, tiled] = server.logs;
    const go = JSON.parse(readFileSync(server.indexFile, 'utf8')) as Record<string, number>;
    // The Go server writes its last index, and all keys that it has read.
    writeFileSync(server.indexFile, JSON.stringify({ ...go, [keyOf(rfc)]: INITIAL + 4 }));
    server.grow(10);
    const indices = await server.observe();
    await indices.upTo(INITIAL + 10, rfc, tiled);
    expect(indices.of(rfc)).toEqual(range(INITIAL + 5, INITIAL + 10));
    expect(indices.of(tiled)).toEqual(range(INITIAL, INITIAL + 10));
    expect(
      server.system.output.filter((line) => line.includes('which another program wrote later')),
    ).toHaveLength(1);
  });

  /** Starts the built command, which must end by itself. */
  async function refusal(...command: string[]): Promise<CliResult> {
    server.prometheus = {};
    const config = server.system.configFile(await freePort());
    const args = [...(command.length === 0 ? ['serve'] : command), '-c', config];
    return startCli(args, { cwd: server.system.folder }).ended;
  }

  it('ends the start with one line and exit code 2 if it is damaged, and stays unchanged', async () => {
    const text = '{"version": 1';
    writeFileSync(server.stateFile, text);
    const { code, err } = await refusal();
    expect(code).toBe(2);
    expect(err).toMatch(/^[^\n]*ct_state\.json: it is not JSON[^;\n]*; [^\n]*move it away[^\n]*\n$/);
    expect(readFileSync(server.stateFile, 'utf8')).toBe(text);
    expect(existsSync(server.indexFile)).toBe(false);
  });

  it('ends the start if it was edited, and is accepted again without its checksum', async () => {
    server.saveState({ next: 100 });
    const text = readFileSync(server.stateFile, 'utf8').replaceAll('"next_index": 100', '"next_index": 200');
    writeFileSync(server.stateFile, text);
    const { code, err } = await refusal();
    expect(code).toBe(2);
    expect(err).toMatch(/^[^\n]*ct_state\.json: its checksum [^\n]*remove its line "checksum"[^\n]*\n$/);
    expect(readFileSync(server.stateFile, 'utf8')).toBe(text);
    writeFileSync(server.stateFile, text.replace(/^ *"checksum".*\n/m, ''));
    const indices = await server.observe();
    await indices.upTo(INITIAL, ...server.logs);
    for (const log of server.logs) expect(indices.of(log)).toEqual(range(200, INITIAL));
  });

  it.each([[[]], [['create-index', '--force']]])(
    'serves one process at a time: a second process, %j, ends with one line and exit code 2',
    async (command) => {
      await server.observe();
      const { code, out, err } = await refusal(...command);
      expect({ code, out: out.includes('following') || out.includes('Wrote') }).toEqual({
        code: 2,
        out: false,
      });
      expect(err).toBe(
        `${server.stateFile}: another running server uses it; stop that server, or set other general.recovery files for this one\n`,
      );
    },
  );
});

describe('recovery.start: head and recovery.max_age', () => {
  it('begin at the heads and show the skipped entries', async () => {
    server.saveState({ next: 100 });
    server.recovery['start'] = 'head';
    const indices = await server.observe();
    server.grow(10);
    await indices.upTo(INITIAL + 10, ...server.logs);
    for (const log of server.logs) {
      expect(indices.of(log)).toEqual(range(INITIAL, INITIAL + 10));
      expect((await server.report(log)).gaps).toMatchObject([
        { from: 100, to: INITIAL, missing: 200, skipped: true },
      ]);
    }
    await server.system.server.stop();
    server.recovery['start'] = 'index';
    server.grow(10);
    const second = await server.observe();
    await second.upTo(INITIAL + 20, ...server.logs);
    for (const log of server.logs) expect(second.of(log)).toEqual(range(INITIAL + 10, INITIAL + 20));
  });

  it('affect only positions that are too old; the age of the Go file is its modification time', async () => {
    server.recovery['max_age'] = '2h';
    const [rfc, tiled] = server.logs;
    writeFileSync(server.indexFile, JSON.stringify({ [keyOf(rfc)]: 200 }));
    const hoursAgo = (hours: number): number => Date.now() / 1000 - hours * 3600;
    utimesSync(server.indexFile, hoursAgo(3), hoursAgo(3));
    await server.observe();
    expect((await server.report(rfc)).gaps).toMatchObject([{ from: 200, to: INITIAL, skipped: true }]);
    expect((await server.report(tiled)).gaps).toEqual([]);
    await server.system.server.stop();
    server.grow(10);
    const indices = await server.observe();
    await indices.upTo(INITIAL + 10, rfc, tiled);
    expect(indices.of(rfc)).toEqual(range(INITIAL, INITIAL + 10));
  });
});

describe('a log that does not grow', () => {
  it('has a position that is up to date', async () => {
    server.saveState({ next: INITIAL }, Date.now() - 3_600_000);
    await server.observe();
    const before = Date.now() - 3_600_000 + 1000;
    server.system.server.app.get(TailingService).reportProgress();
    await server.system.server.app.get(LogStateStore).save();
    for (const [, { asOf }] of readStates(server.stateFile)) expect(asOf).toBeGreaterThan(before);
  });
});
