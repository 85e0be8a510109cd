import { CommanderError } from 'commander';

import { CertstreamError } from '../kernel/certstream-error.js';
import { describeError } from '../logging/describe-error.js';
import { printable } from '../logging/printable.js';

export const EXIT_FAILED = 1;
/** Exit code for a mistake of the user: command line, configuration, a port that is in use, a wrongly decorated class. */
const EXIT_MISTAKE = 2;

const MISTAKES = /^(CLI|CONFIG|CONTRIBUTION|WEB)_/;

/** Writes the error of a command as one line (one per configuration problem), and returns its exit code. */
export function reportFailure(error: unknown, write: (text: string) => void): number {
  // Commander has already written its line; code 0 means --help or --version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_MISTAKE;
  if (error instanceof CertstreamError) {
    for (const line of linesOf(error)) write(`${line}\n`);
    return MISTAKES.test(error.code) || 'exitCode' in error ? EXIT_MISTAKE : EXIT_FAILED;
  }
  const known = error instanceof Error ? describeError(error) : undefined;
  write(`${known?.stack ?? (known ? printable(`${known.name}: ${known.message}`) : String(error))}\n`);
  return EXIT_FAILED;
}

function linesOf(error: CertstreamError): string[] {
  const problems = (error as { problems?: readonly string[] }).problems ?? [error.message];
  return problems.map((line) => printable(line));
}
