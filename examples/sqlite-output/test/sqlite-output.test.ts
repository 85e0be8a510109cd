import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DatabaseSync } from '@photostructure/sqlite';
import { type RunningCli, TestSystem } from 'certstream-server-nest/testing';

const KILLS = 4;
const INITIAL = 20;

const system = await TestSystem.prepare({
  logs: [{ name: 'log', initialEntries: INITIAL }],
  // Relative to the folder of the test system, in which the command runs.
  config: {
    general: { recovery: { enabled: true, ct_index_file: './ct_index.json' } },
    journal: { store: 'disk', path: './journal' },
    sqlite_output: { path: './certificates.db' },
  },
});
after(() => system.close());

const start = (): Promise<RunningCli> =>
  system.startProcess(['--module', join(process.cwd(), 'dist/src/sqlite-output.js')]);

void test(`no entry is missing after ${KILLS} times SIGKILL`, async () => {
  let server = await start();
  await system.following();
  const database = new DatabaseSync(join(system.folder, 'certificates.db'));
  after(() => database.close());
  const count = database.prepare('SELECT count(*) AS n FROM certificates');
  const rows = () => (count.get() as { n: number }).n;
  const log = system.simulator.log('log');
  log.start({ entriesPerSecond: 100, headIntervalMs: 100 });
  // A log without a saved position starts at its head; positions are saved every five seconds.
  const state = join(system.folder, 'ct_state.json');
  const isSaved = () => existsSync(state) && readFileSync(state, 'utf8').includes('/log"');
  await system.eventually(isSaved, 'the first saved position');

  for (let kill = 0; kill < KILLS; kill++) {
    const before = rows();
    await system.eventually(() => rows() >= before + 100, '100 more rows');
    server.signal('SIGKILL');
    await server.ended;
    server = await start();
  }
  log.stop();
  await system.eventually(() => rows() >= log.size - INITIAL, `${log.size - INITIAL} rows`);

  const found = database
    .prepare('SELECT log_index AS i, domains, der FROM certificates ORDER BY i')
    .all() as {
    i: number;
    domains: string;
    der: Uint8Array;
  }[];
  assert.equal(found.length, log.size - INITIAL);
  found.forEach(({ i, domains, der }, n) => {
    assert.equal(i, INITIAL + n);
    assert.ok(Buffer.from(der).equals(log.entry(i).submittedDer));
    for (const domain of log.entry(i).domains) assert.ok(domains.split(' ').includes(domain));
  });
});
