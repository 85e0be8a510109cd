import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const TOP = join(import.meta.dirname, '../..');
/** The built command, in `dist` or in the folder that `CLI_DIST` names. */
const BIN = join(TOP, process.env['CLI_DIST'] ?? 'dist', 'cli/bin.js');
/** The environment without the variables of the test run, since the server refuses an unknown CERTSTREAM_… variable. */
const CLEAN = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  /** A command that executes its remaining arguments. */
  readonly wrapper?: readonly string[];
}

export interface CliResult {
  /** null when a signal ended the process. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running `certstream-server`. */
export interface RunningCli {
  /** Resolves with the standard output when it matches the pattern. */
  printed(pattern: RegExp): Promise<string>;
  /** The same for the standard error. */
  errorPrinted(pattern: RegExp): Promise<string>;
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGHUP'): void;
  /** Reads the standard output no more, or again. The pipe then holds what the process writes, as far as there is room. */
  readOutput(wanted: boolean): void;
  readonly pid: number;
  readonly hasEnded: boolean;
  /** Standard output and standard error so far. */
  output(): string;
  readonly ended: Promise<CliResult>;
}

/** Starts the built command. */
export function startCli(
  args: readonly string[],
  { cwd, env = {}, node = [], wrapper = [] }: CliOptions,
): RunningCli {
  if (!existsSync(BIN)) throw new Error('run npm run build first');
  const [command, ...rest] = [...wrapper, process.execPath, ...node, BIN, ...args];
  const child = spawn(command, rest, { cwd, env: { ...CLEAN, ...env } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const matching = async (stream: Readable, text: () => string, pattern: RegExp): Promise<string> => {
    while (!pattern.test(text())) {
      if (hasEnded()) throw new Error(`ended before ${pattern}: ${out}${err}`);
      await Promise.race([once(stream, 'data'), ended]);
    }
    return text();
  };
  return {
    ended,
    readOutput: (wanted) => void (wanted ? child.stdout.resume() : child.stdout.pause()),
    pid: child.pid!,
    get hasEnded() {
      return hasEnded();
    },
    output: () => out + err,
    signal: (name) => child.kill(name),
    printed: (pattern) => matching(child.stdout, () => out, pattern),
    errorPrinted: (pattern) => matching(child.stderr, () => err, pattern),
  };
}
