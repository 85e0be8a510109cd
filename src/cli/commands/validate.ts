import { CtHttpClient } from '../../ct-log/http/ct-http-client.js';
import { loadForCommand } from '../load-for-command.js';

/** Checks the configuration and the proxy variables. */
export async function validate(options: { readonly config?: string }): Promise<void> {
  const { config, source, warnings } = loadForCommand(options);
  await CtHttpClient.fromConfig(config).close();
  const lines = [
    source === 'defaults' ? 'No config file found, using the defaults' : `Using ${source}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    'Config is valid',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
