import { connect } from 'node:net';

/** Longest wait for the process behind a socket file to accept a connection, milliseconds. */
const ALIVE_TIMEOUT_MS = 2000;

/** Whether a process listens on a UNIX socket. Also true if this process may not connect to it. */
export function isSocketAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const answer = (alive: boolean) => {
      probe.destroy();
      resolve(alive);
    };
    probe.setTimeout(ALIVE_TIMEOUT_MS, () => answer(true));
    probe.once('connect', () => answer(true));
    // Only a refusal means that no process listens. After any other error, the caller must not remove the file.
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      answer(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}
