import type { EventEmitter } from 'node:events';

import { EXIT_FAILED } from './report-failure.js';

/** What a shell reports for a process that SIGPIPE ended: 128 + 13. */
const EXIT_CLOSED_PIPE = 141;

/** The process as seen from here; replaced in tests. */
export interface OutputHost {
  readonly stdout: Pick<EventEmitter, 'on'>;
  readonly stderr: Pick<EventEmitter, 'on'> & { write(text: string): unknown };
  exitCode?: typeof process.exitCode;
  exit(code: number): void;
}

/**
 * Keeps a server running whose output cannot be written, for example to a full disk: without listeners that would be
 * an uncaught exception. A command that ends by itself then ends with {@link EXIT_FAILED}. A reader that went away,
 * as in `certstream-server … | head`, ends it with {@link EXIT_CLOSED_PIPE}.
 */
export function handleOutputErrors(host: OutputHost): void {
  let isReported = false;
  host.stderr.on('error', () => undefined);
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return host.exit(EXIT_CLOSED_PIPE);
    host.exitCode = EXIT_FAILED;
    if (isReported) return;
    isReported = true;
    host.stderr.write(`the standard output cannot be written: ${error.message}\n`);
  });
}
