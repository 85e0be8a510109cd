import { CommanderError } from 'commander';

import { CertstreamError } from '../kernel/certstream-error.js';
import { describeError } from '../logging/describe-error.js';
import { formatJson } from '../logging/format-record.js';
import { toRecord } from '../logging/log-record.js';
import { printable } from '../logging/printable.js';
import { fatalLine, type LineFormat } from './fatal-lines.js';

export const EXIT_FAILED = 1;
/** Exit code for a mistake of the user: command line, configuration, a port that is in use, a wrongly decorated class. */
const EXIT_MISTAKE = 2;

const CONTEXT = 'Certstream';
const MISTAKES = /^(CLI|CONFIG|CONTRIBUTION|WEB)_/;

/**
 * Writes the error of a command as one line (one per configuration problem), and returns its exit code.
 * @param format `log.format` for commands whose output is a log.
 */
export function reportFailure(
  error: unknown,
  write: (text: string) => void,
  format: LineFormat = 'text',
): number {
  // Commander has already written its line; code 0 means --help or --version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_MISTAKE;
  if (error instanceof CertstreamError) {
    for (const line of linesOf(error)) write(fatalLine(line, format, error.code));
    return MISTAKES.test(error.code) || 'exitCode' in error ? EXIT_MISTAKE : EXIT_FAILED;
  }
  if (format === 'json') write(`${formatJson(toRecord(Date.now(), 'fatal', error, [CONTEXT]))}\n`);
  else
    write(
      `${textOf(error)
        .split('\n')
        .map((line) => printable(line))
        .join('\n')}\n`,
    );
  return EXIT_FAILED;
}

function textOf(error: unknown): string {
  const known = error instanceof Error ? describeError(error) : undefined;
  // The message may come from outside and have lines of its own. The frames of the stack follow it.
  const frames = known?.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return known ? [printable(`${known.name}: ${known.message}`), ...frames].join('\n') : String(error);
}

function linesOf(error: CertstreamError): readonly string[] {
  return (error as { problems?: readonly string[] }).problems ?? [error.message];
}
