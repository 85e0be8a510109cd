import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** A program and its arguments. */
export type BuildStep = readonly string[];

/** Runs the steps that install or compile a program. @returns the last line of the error when a step fails. */
export function buildProblem(steps: readonly BuildStep[], cwd: string): string | undefined {
  for (const [program, ...args] of steps) {
    const { status, error, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
    if (status !== 0) return error?.message ?? stderr.trim().split('\n').at(-1);
  }
  return undefined;
}

/** Returns the path of Python in the virtual environment of a folder. */
export function pythonIn(folder: string): string {
  return join(folder, 'python/bin/python');
}

/** Returns the steps that make a virtual environment with packages in a folder. */
export function pythonSteps(folder: string, packages: readonly string[]): readonly BuildStep[] {
  return [
    ['python3', '-m', 'venv', join(folder, 'python')],
    [pythonIn(folder), '-m', 'pip', 'install', '-q', ...packages],
  ];
}
