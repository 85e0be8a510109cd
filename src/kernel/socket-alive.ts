import { connect } from 'node:net';

/** Milliseconds for a process behind a socket file to show that it lives. */
const ALIVE_TIMEOUT_MS = 2000;

/** Whether a process listens on a UNIX socket; also true where this process may not ask. */
export function isSocketAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const answer = (alive: boolean) => {
      probe.destroy();
      resolve(alive);
    };
    probe.setTimeout(ALIVE_TIMEOUT_MS, () => answer(true));
    probe.once('connect', () => answer(true));
    // Only a refusal means that nobody listens; whoever may not ask must not remove it.
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      answer(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}
