import { reloadOnHangup } from '../reload-on-hangup.js';
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
  const started = reloadOnHangup(async () =>
    withListenPort((await loadForCommand(options)).config, options.port),
  );
  await runUntilSignal(async () => {
    const { runServer } = await import('../run-server.js');
    const server = await runServer(config, { source, warnings: [...warnings], imports });
    started(server);
    return server;
  });
}
