import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const TOP = join(import.meta.dirname, '../..');
/** The folder of `deploy/test/fetch-tools.sh`. */
export const TOOLS = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'certstream-server-nest/tools',
);

export interface ToolResult {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly text: string;
}

/** Runs a tool in the top folder. */
export function run(command: string, args: readonly string[]): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: TOP,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error !== undefined) throw error;
  return { code: status, text: stdout + stderr };
}

/** Returns the standard output of a tool that has to end with 0. */
export function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: TOP, encoding: 'utf8', maxBuffer: 64 << 20 });
}

/** Returns whether all files are there, below {@link TOOLS} or on the PATH; prints one line with the way to get them if not. */
export function has(...names: readonly string[]): boolean {
  const missing = names.filter((name) => !existsSync(join(TOOLS, name)) && !isOnPath(name));
  if (missing.length > 0)
    console.warn(
      `SKIPPED a part of the tests of deploy/: no ${missing.join(', ')}; run deploy/test/fetch-tools.sh`,
    );
  return missing.length === 0;
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}
