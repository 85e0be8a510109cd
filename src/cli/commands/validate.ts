import type { CertstreamConfig } from '../../config/config-schema.js';
import { loadForCommand } from '../load-for-command.js';

const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'];

/** Checks the configuration, and the proxy variables where there are any. */
export async function validate(options: { readonly config?: string }): Promise<void> {
  const { config, source, warnings } = loadForCommand(options);
  if (PROXY_VARIABLES.some((name) => process.env[name])) await checkProxies(config);
  const lines = [
    source === 'defaults' ? 'No config file found, using the defaults' : `Using ${source}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    'Config is valid',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The HTTP client refuses what is no proxy when it is made. */
async function checkProxies(config: CertstreamConfig): Promise<void> {
  const { CtHttpClient } = await import('../../ct-log/client/http/ct-http-client.js');
  await CtHttpClient.fromConfig(config).close();
}
