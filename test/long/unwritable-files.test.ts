import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogStateStore } from '../../src/ct-log/state/log-state-store.js';
import { startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { scrape } from '../support/metrics.js';

/** The permissions of a folder do not bind root. */
const AS_ORDINARY_USER =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

let system: TestSystem;
let indexFile: string;
let more: Record<string, unknown>;
beforeEach(async () => {
  more = {};
  system = await TestSystem.prepare({
    logs: [{ name: 'log', initialEntries: 20 }],
    config: (simulator) => ({
      general: {
        disable_default_logs: true,
        additional_logs: [{ url: simulator.logs[0].url }],
        recovery: { enabled: true, ct_index_file: indexFile },
      },
      prometheus: { enabled: true },
      ...more,
    }),
  });
  indexFile = join(system.folder, 'state', 'deep', 'ct_index.json');
});
afterEach(() => system.close());

const stateFile = () => join(dirname(indexFile), 'ct_state.json');

/** Runs the command, which must end by itself with one line. @returns its line. */
async function refused(wrapper: readonly string[] = []): Promise<string> {
  const config = system.configFile(await freePort());
  chmodSync(system.folder, 0o755);
  const { code, err } = await startCli(['serve', '-c', config], { cwd: system.folder, wrapper }).ended;
  expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/^[^\n]+\n$/) as string });
  return err;
}

interface Readiness {
  readonly positions?: { readonly saved_at: string | null; readonly error: string | null };
}

async function readiness(): Promise<{ status: number } & Readiness> {
  const response = await system.get('/readyz');
  return { ...((await response.json()) as Readiness), status: response.status };
}

it('a missing folder of the state is created', async () => {
  await system.startServer();
  await system.following();
  await system.eventually(() => existsSync(stateFile()) && existsSync(indexFile), 'a save of both files');
  await system.eventually(
    async () => (await readiness()).positions?.saved_at !== null,
    'the time of the save',
  );
  expect(await readiness()).toMatchObject({ status: 200, positions: { error: null } });
});

describe('the start ends with one line and exit code 2 if', () => {
  it.skipIf(process.platform === 'win32')('the user may not write to the folder of the state', async () => {
    mkdirSync(dirname(indexFile), { recursive: true });
    chmodSync(dirname(indexFile), 0o555);
    const line = await refused(AS_ORDINARY_USER);
    expect(line).toContain(`let the user of the server write to the folder "${dirname(indexFile)}"`);
    expect(line).toContain('general.recovery.state_file');
  });

  it('the folder of the state cannot be created', async () => {
    indexFile = join('/proc', 'no', 'ct_index.json');
    expect(await refused()).toMatch(/ct_state\.json: .*general\.recovery\.state_file/);
  });

  it('the state file is a pipe', async () => {
    mkdirSync(dirname(indexFile), { recursive: true });
    execFileSync('mkfifo', [stateFile()]);
    expect(await refused()).toMatch(/ct_state\.json: it is not a regular file/);
  });

  it('the state file is far too large', async () => {
    mkdirSync(dirname(indexFile), { recursive: true });
    writeFileSync(stateFile(), '{');
    truncateSync(stateFile(), 2 ** 30);
    expect(await refused()).toMatch(/ct_state\.json: it is larger than 256 MiB/);
  });

  it('the journal cannot be written', async () => {
    const path = join(system.folder, 'journal');
    mkdirSync(path);
    chmodSync(path, 0o555);
    mkdirSync(dirname(indexFile), { recursive: true });
    chmodSync(dirname(indexFile), 0o777);
    more = { journal: { store: 'disk', path } };
    expect(await refused(AS_ORDINARY_USER)).toMatch(/journal: the journal cannot be used: EACCES/);
  });

  it('the dead letters of an output cannot be written', async () => {
    const file = '/proc/no/dead.jsonl';
    more = {
      outputs: [{ name: 'o', type: 'webhook', url: 'https://ct.example/', dead_letter_file: file }],
    };
    expect(await refused()).toMatch(
      /output o: \/proc\/no\/dead\.jsonl of dead_letter_file cannot be written/,
    );
  });
});

it('when the state cannot be saved any more, /readyz, a metric and one line say so until it can', async () => {
  await system.startServer();
  await system.following();
  const store = system.server.app.get(LogStateStore);
  await system.eventually(() => store.stats.saves > 0, 'a save');
  const aside = `${dirname(indexFile)}-aside`;
  renameSync(dirname(indexFile), aside);
  writeFileSync(dirname(indexFile), 'a file in place of the folder');
  for (let i = 0; i < 3; i++) {
    system.simulator.logs[0].append(1);
    system.simulator.logs[0].publish();
    const { failedSaves } = store.stats;
    await system.eventually(async () => {
      await store.save();
      return store.stats.failedSaves > failedSaves;
    }, 'a failed save');
  }
  expect(await readiness()).toMatchObject({
    status: 503,
    positions: { error: 'CT_STATE_FILE_UNWRITABLE' },
  });
  const failures = (await scrape(system, `${system.url}/metrics`)).get('position_save_failures_total');
  expect(failures).toBeGreaterThanOrEqual(3);
  expect(system.output.filter((line) => line.includes('positions cannot be saved'))).toHaveLength(1);
  rmSync(dirname(indexFile));
  renameSync(aside, dirname(indexFile));
  await store.save();
  expect(await readiness()).toMatchObject({ status: 200, positions: { error: null } });
});

it('links to the state files stay, and a second server that uses the same files is refused', async () => {
  const volume = join(system.folder, 'volume');
  mkdirSync(volume);
  mkdirSync(dirname(indexFile), { recursive: true });
  const names = ['ct_state.json', 'ct_index.json', 'ct_clients.json'];
  for (const name of names) symlinkSync(join(volume, name), join(dirname(indexFile), name));
  await system.startServer();
  await system.following();
  const store = system.server.app.get(LogStateStore);
  await system.eventually(() => store.stats.saves > 0, 'a save');
  const [first] = [indexFile];
  indexFile = join(volume, 'ct_index.json');
  expect(await refused()).toContain('another running server uses it');
  indexFile = first;
  await system.server.stop();
  for (const name of names.slice(0, 2)) {
    expect(lstatSync(join(dirname(indexFile), name)).isSymbolicLink(), name).toBe(true);
    expect(lstatSync(join(volume, name)).isFile(), name).toBe(true);
  }
  expect(readFileSync(join(volume, 'ct_index.json'), 'utf8')).toContain('19');
});
