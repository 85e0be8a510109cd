import type { ClusterRole } from '../../cluster/member-info.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { reloadOnHangup } from '../reload-on-hangup.js';
import { withListenPort, withRole } from '../replaced-keys.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { runUntilSignal } from '../run-until-signal.js';

export interface ServeOptions extends LoadOptions {
  /** Replaces `webserver.listen_port`; 0 for any free port. */
  readonly port?: number;
  /** Replaces `cluster.role`. */
  readonly role?: ClusterRole;
}

export async function serve(options: ServeOptions): Promise<void> {
  const { config: loaded, source, warnings, imports } = await loadForCommand(options);
  const replaced = (config: CertstreamConfig): CertstreamConfig =>
    withRole(withListenPort(config, options.port), options.role);
  const config = replaced(loaded);
  const started = reloadOnHangup(async () => replaced((await loadForCommand(options)).config));
  await runUntilSignal(async () => {
    const { runServer } = await import('../run-server.js');
    const server = await runServer(config, { source, warnings: [...warnings], imports });
    started(server);
    return server;
  });
}
