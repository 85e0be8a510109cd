import { ConfigError } from '../../config/config-error.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { ConfigLayout, type SectionSchema } from '../../config/config-layout.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';

const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'];

/** Checks the configuration, what its outputs need, and the proxy variables if there are any. */
export async function validate(options: LoadOptions): Promise<void> {
  const { config, source, warnings, sections } = await loadForCommand(options);
  if (PROXY_VARIABLES.some((name) => process.env[name])) await checkProxies(config);
  await checkOutputs(config);
  const lines = [
    source === 'defaults' ? 'No config file found, using the defaults' : `Using ${source}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...describeSections(sections),
    'Config is valid',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Returns one line for each key that modules add. */
function describeSections(sections: readonly SectionSchema[]): string[] {
  const added = new Set(sections.map(({ section }) => section));
  return new ConfigLayout(sections).keys
    .filter(({ path }) => added.has(path[0]))
    .map(({ name, variable, description }) =>
      `Key of a module: ${name} (${variable}). ${description}`.trim(),
    );
}

/** The constructor of the HTTP client refuses proxy variables that are not URLs of a proxy. */
async function checkProxies(config: CertstreamConfig): Promise<void> {
  const { CtHttpClient } = await import('../../ct-log/client/http/ct-http-client.js');
  await CtHttpClient.fromConfig(config).close();
}

/** Checks packages, secrets and files of the outputs as the start does. Loads only what the configured outputs need. */
async function checkOutputs({ outputs }: CertstreamConfig): Promise<void> {
  if (outputs.length === 0) return;
  const { problemsOfOutputs } = await import('../../outputs/engine/engine-sources.js');
  const problems = await problemsOfOutputs(outputs);
  if (problems.length > 0) throw new ConfigError('CONFIG_INVALID', problems);
}
