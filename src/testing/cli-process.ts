import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The same from `src/testing` and from `dist/testing`. `CLI_DIST` names another build than `dist`. */
const BIN = join(import.meta.dirname, '../..', process.env['CLI_DIST'] ?? 'dist', 'cli/bin.js');
/** Without variables of the test run: an unknown CERTSTREAM_… is refused. */
const CLEAN = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  /** The beginning of the command line, of a command that ends by executing the rest. */
  readonly wrapper?: readonly string[];
}

export interface CliResult {
  /** null when a signal ended the process. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A `certstream-server` that was started. */
export interface RunningCli {
  /** Resolves with the standard output so far once it matches. @throws Error when the process ends before. */
  printed(pattern: RegExp): Promise<string>;
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void;
  readonly pid: number;
  readonly hasEnded: boolean;
  /** Standard output and standard error so far. */
  output(): string;
  readonly ended: Promise<CliResult>;
}

/** Runs the built command `certstream-server` of this package in a process of its own. */
export function startCli(
  args: readonly string[],
  { cwd, env = {}, node = [], wrapper = [] }: CliOptions,
): RunningCli {
  if (!existsSync(BIN)) throw new Error(`there is no ${BIN}: npm run build comes first`);
  const [command, ...rest] = [...wrapper, process.execPath, ...node, BIN, ...args];
  const child = spawn(command, rest, { cwd, env: { ...CLEAN, ...env } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return {
    ended,
    pid: child.pid!,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    output: () => out + err,
    signal: (name) => child.kill(name),
    async printed(pattern) {
      while (!pattern.test(out)) {
        if (this.hasEnded) throw new Error(`ended before ${pattern}: ${out}${err}`);
        await Promise.race([once(child.stdout, 'data'), ended]);
      }
      return out;
    },
  };
}
