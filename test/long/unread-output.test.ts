import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { LogIndices } from '../support/log-indices.js';
import { samplesOf } from '../support/metrics.js';
import { CAN_METER, ProcessMeter } from '../support/process-meter.js';

const COMMON = JSON.stringify(join(import.meta.dirname, '../../node_modules/@nestjs/common/index.js'));
const INITIAL = 10;
const NOISE_LINES = 100_000;

/** When the file `noise` appears, it logs 100 MB, and after that a short line every 50 ms. */
const NOISE = `
  import { existsSync } from 'node:fs';
  import { Logger } from ${COMMON};
  const log = new Logger('Noise');
  let lines = 0;
  const more = () => {
    if (!existsSync('noise')) return setTimeout(more, 50);
    for (let line = 0; line < 500; line++) log.debug('x'.repeat(1000));
    lines += 500;
    if (lines < ${NOISE_LINES}) setTimeout(more);
    else setInterval(() => log.debug('after the noise'), 50);
  };
  more();
  export default class NoiseModule {}
`;

/** Makes the standard output a terminal that nothing reads, as after Ctrl-S, and executes its arguments. */
const STOPPED_TERMINAL = [
  'python3',
  '-c',
  'import os, sys\nreader, terminal = os.openpty()\nos.set_inheritable(reader, True)\nos.dup2(terminal, 1)\nos.execvp(sys.argv[1], sys.argv[1:])',
];

let system: TestSystem;
beforeEach(async () => {
  system = await TestSystem.prepare({
    logs: [{ name: 'a', initialEntries: INITIAL }],
    config: { prometheus: { enabled: true } },
  });
  writeFileSync(join(system.folder, 'noise.mjs'), NOISE);
});
afterEach(() => system.close());

const makeNoise = (): void => writeFileSync(join(system.folder, 'noise'), '');

async function lostLines(): Promise<number> {
  const samples = samplesOf(await (await system.get('/metrics')).text());
  return samples.get('lost_log_lines_total{output="stdout"}')!;
}

/** Checks that new entries reach a client. */
async function expectStream(): Promise<void> {
  const client = new LogIndices(await system.connect('/'));
  const [log] = system.simulator.logs;
  log.append(INITIAL);
  log.publish();
  await client.upTo(2 * INITIAL, log);
}

/** Waits until most of the noise is lost. */
const noiseIsLost = (): Promise<void> =>
  system.eventually(async () => (await lostLines()) > 0.9 * NOISE_LINES, 'the loss of the noise');

it.skipIf(!CAN_METER)(
  'a server whose output nothing reads keeps its memory, counts the lost lines, and says so when it is read again',
  async () => {
    const cli = await system.startProcess(['--module', './noise.mjs']);
    await system.following();
    const meter = new ProcessMeter(cli.pid);
    cli.readOutput(false);
    const before = meter.residentMb;
    makeNoise();
    await noiseIsLost();
    expect(meter.residentMb).toBeLessThan(before + 150);
    await expectStream();

    cli.readOutput(true);
    await cli.printed(/lines of the log were lost[^]*after the noise/);
    await system.eventually(async () => {
      const notices = [...cli.output().matchAll(/lines of the log were lost.* lost=(\d+)/g)];
      return notices.reduce((sum, [, lost]) => sum + Number(lost), 0) === (await lostLines());
    }, 'lines about all lost lines');
    cli.signal('SIGTERM');
    expect((await cli.ended).code).toBe(0);
  },
);

const hasPython = spawnSync('python3', ['-c', 'import os; os.openpty()']).status === 0;
if (!hasPython) console.log('skipped: the test with a terminal needs python3');

it.skipIf(!hasPython)('a server does not wait for a terminal that is stopped', async () => {
  const port = await freePort();
  const args = ['serve', '-c', system.configFile(port), '--module', './noise.mjs'];
  const cli = startCli(args, { cwd: system.folder, wrapper: STOPPED_TERMINAL });
  try {
    system.url = `http://127.0.0.1:${port}`;
    const answers = async (): Promise<boolean> => {
      if (cli.hasEnded) throw new Error(cli.output());
      return (await system.get('/healthz').catch(() => undefined))?.status === 200;
    };
    await system.eventually(answers, 'the health page');
    await system.following();
    makeNoise();
    await noiseIsLost();
    await expectStream();
    cli.signal('SIGTERM');
    expect((await cli.ended).code).toBe(0);
  } finally {
    cli.signal('SIGKILL');
    await cli.ended;
  }
});

it('a start that fails ends although nothing reads its output', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  writeFileSync(
    join(system.folder, 'loud.mjs'),
    `process.stdout.write('x'.repeat(2_000_000)); export default class LoudModule {}`,
  );
  const file = system.configFile((taken.address() as AddressInfo).port);
  const cli = startCli(['serve', '-c', file, '--module', './loud.mjs'], { cwd: system.folder });
  cli.readOutput(false);
  await system.eventually(() => cli.hasEnded, 'the end of the process');
  cli.readOutput(true);
  const { code, err } = await cli.ended;
  expect(code).toBe(2);
  expect(err).toMatch(/already listens/);
  taken.close();
});
