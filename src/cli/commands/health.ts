import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { getPage, localAddress, ServerError } from '../outputs/server-outputs.js';

export interface HealthOptions extends LoadOptions {
  /** Asks for `/readyz` instead of `/healthz`. */
  readonly ready: boolean;
}

/**
 * Prints one line if the server that the configuration describes works. A 403 of `/healthz` counts: it comes from the whitelist of a
 * server that works.
 * @throws ServerError
 */
export async function health(options: HealthOptions): Promise<void> {
  const { config } = await loadForCommand(options);
  const { url, socketPath } = localAddress(config.webserver);
  const page = new URL(options.ready ? 'readyz' : 'healthz', url);
  const { status } = await getPage(page, {
    rejectUnauthorized: false,
    ...(socketPath !== undefined && { socketPath }),
  });
  if (status !== 200 && (options.ready || status !== 403))
    throw new ServerError('SERVER_REFUSED', `${page.href} answered with status ${status}`);
  process.stdout.write(`${page.href} answered with status ${status}\n`);
}
