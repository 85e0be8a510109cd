import type { EventEmitter } from 'node:events';

import { fatalLine, lineFormat } from './fatal-lines.js';
import { EXIT_FAILED } from './report-failure.js';

/** Exit code that a shell reports for a process that SIGPIPE ended: 128 + 13. */
const EXIT_CLOSED_PIPE = 141;

/** The part of `process` that this file uses. Tests replace it. */
export interface OutputHost {
  readonly stdout: Pick<EventEmitter, 'on'>;
  readonly stderr: Pick<EventEmitter, 'on'> & { write(text: string): unknown };
  exitCode?: typeof process.exitCode;
  exit(code: number): void;
}

/**
 * Keeps a server running when its output cannot be written, for example to a full disk. Without listeners, the error
 * would be an uncaught exception. A command that ends by itself then ends with {@link EXIT_FAILED}. When the reader has
 * gone, as in `certstream-server … | head`, the process ends with {@link EXIT_CLOSED_PIPE}.
 */
export function handleOutputErrors(host: OutputHost): void {
  let isReported = false;
  host.stderr.on('error', () => undefined);
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return host.exit(EXIT_CLOSED_PIPE);
    host.exitCode = EXIT_FAILED;
    if (isReported) return;
    isReported = true;
    host.stderr.write(fatalLine(`the standard output cannot be written: ${error.message}`, lineFormat()));
  });
}
