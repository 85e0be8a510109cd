import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const TOP = join(import.meta.dirname, '../..');
/** The files that a build reads. The test builds a copy, because other tests use `dist` at the same time. */
const COPIED = [
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'scripts',
  'src',
  'dashboard',
  'config.sample.yaml',
];
/** npm runs in a process group of its own, as a shell starts it in a terminal. */
const OPTIONS = { detached: true, env: { PATH: process.env['PATH'], HOME: process.env['HOME'] } };
const BUILD_MS = 400_000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-npm-start-'));
  const tsconfigs = readdirSync(TOP).filter((name) => name.startsWith('tsconfig'));
  for (const name of [...COPIED, ...tsconfigs])
    if (existsSync(join(TOP, name))) cpSync(join(TOP, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(TOP, 'node_modules')))
    if (name !== '.cache') symlinkSync(join(TOP, 'node_modules', name), join(folder, 'node_modules', name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

class NpmRun {
  output = '';
  private readonly child: ChildProcess;

  constructor(...args: string[]) {
    this.child = spawn('npm', args, { ...OPTIONS, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.child.exitCode !== null) throw new Error(`ended before ${pattern}: ${this.output}`);
      await Promise.race([
        once(this.child.stdout!, 'data'),
        once(this.child.stderr!, 'data'),
        once(this.child, 'exit'),
      ]);
    }
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Process ids of npm's children. */
  children(): number[] {
    return readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim().split(' ').map(Number);
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }

  /** Whether a process of the group is still there. */
  hasProcesses(): boolean {
    try {
      return process.kill(-this.pid, 0);
    } catch {
      return false;
    }
  }
}

const DEMO = ['run', 'demo', '--', '--quiet', '--port', '0'];

describe.runIf(existsSync('/proc/self/task'))('npm start and npm run demo', () => {
  it(
    'build what was never built, say so, and end with the address; Ctrl-C stops the server cleanly',
    async () => {
      const demo = new NpmRun(...DEMO);
      await demo.printed(/Stop it with Ctrl-C/);
      expect(demo.output).toMatch(/^building the server; .*\n(.*\n)*built the server in [\d.]+ s$/m);
      expect(demo.output).toMatch(/http:\/\/localhost:\d+\//);
      // A terminal signals the whole group, and npm sends its child the signal once more.
      process.kill(-demo.pid, 'SIGINT');
      expect(await demo.ended()).toBe(0);
      expect(demo.output).toMatch(/stopped\n$/);
      expect(demo.hasProcesses()).toBe(false);
    },
    BUILD_MS,
  );

  it.each([
    ['npm', (run: NpmRun) => run.pid],
    ["npm's child", (run: NpmRun) => run.children()[0]],
  ] as const)(
    'build nothing when nothing has changed; SIGTERM to %s stops the server cleanly',
    async (_name, pidOf) => {
      const start = new NpmRun(...DEMO);
      await start.printed(/Stop it with Ctrl-C/);
      expect(start.output).toContain('the server is up to date');
      expect(start.output).not.toContain('building');
      expect(start.children()).toHaveLength(1);
      process.kill(pidOf(start), 'SIGTERM');
      expect(await start.ended()).toBe(0);
      expect(start.output).toMatch(/stopped\n$/);
      expect(start.hasProcesses()).toBe(false);
    },
  );

  it('build after a change; SIGTERM ends the build, and the next start builds again', async () => {
    appendFileSync(join(folder, 'src/cli/bin.ts'), '// a change\n');
    for (let round = 0; round < 2; round++) {
      const start = new NpmRun('start', '--', '--port', '0');
      await start.printed(/building the server;/);
      process.kill(start.pid, 'SIGTERM');
      expect(await start.ended()).toBe(143);
      expect(start.output).not.toContain('streams at');
      expect(start.hasProcesses()).toBe(false);
    }
  });
});
