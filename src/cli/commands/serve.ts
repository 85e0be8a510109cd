import { withListenPort } from '../listen-port.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { runUntilSignal } from '../run-until-signal.js';

export interface ServeOptions extends LoadOptions {
  /** Replaces `webserver.listen_port`; 0 for any free port. */
  readonly port?: number;
}

export async function serve(options: ServeOptions): Promise<void> {
  const { config: loaded, source, warnings, imports } = await loadForCommand(options);
  const config = withListenPort(loaded, options.port);
  await runUntilSignal(async () => {
    const { runServer } = await import('../run-server.js');
    return runServer(config, { source, warnings: [...warnings], imports });
  });
}
