import { registerAs } from '@nestjs/config';
import type { z } from 'zod';

import type { SectionSchema } from './config-layout.js';
import type { CertstreamConfig } from './config-schema.js';

/**
 * One section of the configuration as a namespace of `@nestjs/config`: `@Inject(webserverConfig.KEY) webserver:
 * ConfigType<typeof webserverConfig>`, or `ConfigService.get('certstream.webserver.listen_port')`.
 */
export type ConfigNamespace<T extends object> = ((config: CertstreamConfig) => T) & { readonly KEY: string };

/** A section that a module adds: its injection key, and the schema for `loadConfig` and `defineConfig`. */
export type ConfigSectionDefinition<T extends object> = ConfigNamespace<T> & SectionSchema;

/** The names have a prefix, since an application may have its own namespace `auth` or `log`. */
function namespace<T extends object>(section: string): ConfigNamespace<T> {
  const select = (config: CertstreamConfig): T => (config as unknown as Record<string, T>)[section];
  return registerAs(`certstream.${section}`, select as () => T) as unknown as ConfigNamespace<T>;
}

const own = <Section extends keyof CertstreamConfig>(section: Section) =>
  namespace<CertstreamConfig[Section]>(section);

export const webserverConfig = own('webserver');
export const authConfig = own('auth');
export const prometheusConfig = own('prometheus');
export const generalConfig = own('general');
export const streamConfig = own('stream');
export const logListConfig = own('log_list');
export const ctLogConfig = own('ct_log');
export const journalConfig = own('journal');
export const outputsConfig = own('outputs');
export const clusterConfig = own('cluster');
export const logConfig = own('log');

/** The server's own sections. */
export const OWN_NAMESPACES: readonly ConfigNamespace<object>[] = [
  webserverConfig,
  authConfig,
  prometheusConfig,
  generalConfig,
  streamConfig,
  logListConfig,
  ctLogConfig,
  journalConfig,
  outputsConfig,
  clusterConfig,
  logConfig,
];

/**
 * Defines a section of the configuration for a module. The section is read from `config.yaml` and from
 * `CERTSTREAM_<SECTION>_<KEY>`, and checked against `schema`; keys that are not in the schema are refused. Pass the section to
 * `loadConfig` or `defineConfig`, or export it from the file of the module in an array `configSections`, where
 * `serve --module` finds it.
 * @param section name of the section, in lower-case letters, digits and `_`.
 * @param schema a Zod 4 object; the texts of `.describe()` on it and on its keys become the documentation.
 */
export function defineConfigSection<Schema extends z.ZodObject>(
  section: string,
  schema: Schema,
): ConfigSectionDefinition<z.output<Schema>> {
  if (!/^[a-z][a-z0-9_]*$/.test(section))
    throw new TypeError(`defineConfigSection: ${JSON.stringify(section)} is not a valid name for a section`);
  if (typeof (schema as Partial<Schema> | undefined)?.prefault !== 'function')
    throw new TypeError(`defineConfigSection: the schema of ${section} is not an object of Zod 4`);
  const strict = schema.strict().describe(schema.description ?? '');
  return Object.assign(namespace<z.output<Schema>>(section), { section, schema: strict });
}
