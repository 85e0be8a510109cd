import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCli } from '../../src/testing/cli-process.js';
import { has, TOP } from '../support/deploy-tools.js';

/** npm installs the packages of the server into the package, and lintian looks at each of their files. A busy machine takes minutes. */
const BUILD_MS = 900_000;

const execute = promisify(execFile);
const run = (command: string, args: readonly string[]) =>
  execute(command, args, { cwd: TOP, maxBuffer: 64 << 20 });

describe.skipIf(!has('nfpm', 'dpkg-deb'))('the Debian package', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'certstream-deb-'));
    await run('deploy/package/build-deb.sh', [folder, 'amd64']);
    file = join(folder, readdirSync(folder)[0]);
  }, BUILD_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(!has('lintian'))(
    'passes lintian, whose overrides have a reason each',
    { timeout: BUILD_MS },
    async () => {
      const args = ['--allow-root', '--tag-display-limit', '0', '--fail-on', 'error,warning', file];
      // A tag ends lintian with another exit code.
      expect((await run('lintian', args).catch((error: unknown) => error)) as object).toMatchObject({
        stdout: '',
        stderr: '',
      });
    },
  );

  it('has the command, the unit, the configuration, the manual page and the documents, and no types and source maps of packages', async () => {
    const { stdout } = await run('dpkg-deb', ['--contents', file]);
    const paths = stdout.split('\n').map((line) => line.split(/\s+/)[5] ?? '');
    expect(paths).toEqual(
      expect.arrayContaining([
        './usr/bin/certstream-server',
        './usr/lib/systemd/system/certstream-server.service',
        './etc/certstream-server/config.yaml',
        './usr/share/man/man1/certstream-server.1.gz',
        './usr/share/doc/certstream-server/docs/deployment.md',
        './usr/share/doc/certstream-server/deploy/prometheus/rules.yml',
      ]),
    );
    expect(paths.filter((path) => /\.(map|d\.ts)$/.test(path))).toEqual([]);
  });

  it('has a manual page with every command', async () => {
    const { out } = await startCli(['--help'], { cwd: folder }).ended;
    const commands = [...out.matchAll(/^ {2}([a-z][a-z-]*)[ |]/gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'help');
    expect(commands.length).toBeGreaterThan(5);
    const page = readFileSync(join(TOP, 'deploy/package/certstream-server.1'), 'utf8').replaceAll('\\-', '-');
    for (const name of commands) expect(page).toContain(`.B ${name}\n`);
  });
});
