import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCli } from '../src/testing/cli-process.js';
import { freePort } from '../src/testing/free-port.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'certstream-lines-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const LOGS = 'general: { disable_default_logs: true, additional_logs: [{ url: "http://127.0.0.1:1/" }] }\n';

/** Runs `serve` with this configuration in JSON format, and returns every line that it writes, parsed. */
async function lines(yaml: string, args: readonly string[] = []): Promise<Record<string, unknown>[]> {
  writeFileSync(join(folder, 'config.yaml'), `log: { format: json }\n${yaml}`);
  const { out, err } = await startCli(['serve', ...args], { cwd: folder }).ended;
  return `${out}${err}`
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('with log.format: json, every line is JSON: mistakes, warnings of Node, errors that nothing catches', async () => {
  expect(await lines('webserver: { listen_port: x, lite_ur: y }\n')).toMatchObject([
    { level: 'fatal', code: 'CONFIG_INVALID', message: expect.stringContaining('listen_port') as string },
    { level: 'fatal', code: 'CONFIG_INVALID', message: expect.stringContaining('lite_ur') as string },
  ]);
  expect(await lines('webserver:\n  lite_url: @x\n')).toMatchObject([
    { level: 'fatal', code: 'CONFIG_SYNTAX' },
  ]);
  expect(await lines('', ['--prot', '1'])).toMatchObject([{ level: 'fatal', code: 'CLI_USAGE' }]);
  expect(await lines('', ['--module', './none.js'])).toMatchObject([
    { level: 'fatal', code: expect.any(String) as string },
  ]);
  const port = await freePort();
  writeFileSync(
    join(folder, 'bad.mjs'),
    'process.emitWarning("a warning");setTimeout(() => { throw new Error("uncaught"); });' +
      'export class BadModule {}',
  );
  const failing = await lines(`${LOGS}webserver: { listen_addr: 127.0.0.1, listen_port: ${port} }\n`, [
    '--module',
    './bad.mjs',
  ]);
  expect(failing).toContainEqual(expect.objectContaining({ level: 'warn', message: 'Warning: a warning' }));
  expect(failing.at(-1)).toMatchObject({ level: 'fatal' });
});
