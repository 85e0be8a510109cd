import type { CertstreamConfig } from '../config/config-schema.js';
import { fatalLine, lineFormat, writeError } from './fatal-lines.js';
import { reportFailure } from './report-failure.js';

interface Reloadable {
  reload(config: CertstreamConfig): Promise<void>;
}

/**
 * Reads the configuration again at each SIGHUP and passes it to the server. A mistake in it is printed, and the server continues with
 * the configuration that it has. On a terminal, SIGHUP means that the terminal is gone, and stops the server like SIGTERM.
 * @param read reads and checks the configuration.
 * @returns a function to call when the server has started. A SIGHUP before it counts from then on.
 */
export function reloadOnHangup(read: () => Promise<CertstreamConfig>): (server: Reloadable) => void {
  let started: (server: Reloadable) => void = () => undefined;
  // Each reload waits for the one before it.
  let last = new Promise<Reloadable>((resolve) => (started = resolve));
  process.on('SIGHUP', () => {
    if (process.stdin.isTTY) return void process.kill(process.pid, 'SIGTERM');
    last = last.then(async (server) => {
      await reload(server, read);
      return server;
    });
  });
  return started;
}

async function reload(server: Reloadable, read: () => Promise<CertstreamConfig>): Promise<void> {
  try {
    await server.reload(await read());
  } catch (error) {
    const format = lineFormat();
    writeError(fatalLine('the configuration was not reloaded:', format), format);
    reportFailure(error, (text) => writeError(text, format), format);
  }
}
