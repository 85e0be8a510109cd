import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../src/testing/free-port.js';

const BIN = join(import.meta.dirname, '../..', 'dist', 'cli', 'bin.js');
/** Forks two workers, as PM2 does in its cluster mode, and ends when one of them has ended. */
const PRIMARY = `
import cluster from 'node:cluster';
cluster.setupPrimary({ exec: process.argv[2], args: ['serve', '-c', 'config.yaml'] });
cluster.once('exit', (_worker, code) => { process.exitCode = code; for (const id in cluster.workers) cluster.workers[id].process.kill('SIGTERM'); });
cluster.fork(); cluster.fork();
`;

it.each([
  ['with recovery, because of the lock', true, /another running server uses it/],
  ['without recovery, because of the port', false, /another program already listens there/],
])('the second worker of node:cluster ends with one line, %s', async (_why, enabled, says) => {
  const folder = mkdtempSync(join(tmpdir(), 'certstream-cluster-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'primary.mjs'), PRIMARY);
  const config = {
    webserver: { listen_addr: '127.0.0.1', listen_port: await freePort() },
    general: {
      disable_default_logs: true,
      additional_logs: [{ url: 'http://127.0.0.1:1/' }],
      recovery: { enabled },
    },
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['primary.mjs', BIN], { cwd: folder, env: { PATH, HOME } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number];
  expect(errors).toMatch(says);
  expect(errors.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});
