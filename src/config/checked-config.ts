import type { z } from 'zod';

import { checkSchema } from './check-schema.js';
import { coerceValues } from './coerce-values.js';
import { ConfigDraft, type ConfigTree, isTree } from './config-draft.js';
import { ConfigError } from './config-error.js';
import { ConfigLayout, type SectionSchema } from './config-layout.js';
import type { CertstreamConfig, configSchema } from './config-schema.js';
import { crossCheck } from './cross-checks.js';
import { applyEnvironment, type Environment } from './environment.js';
import { applyGoNames, dropEmptyGoValues } from './go-names.js';

/** A configuration in which every section and key may be left out; sections of modules may stand beside the server's own. */
export type ConfigInput = z.input<typeof configSchema> & { readonly [section: string]: unknown };

interface Check {
  readonly added: readonly SectionSchema[];
  readonly warnings: readonly string[];
}

/** The configurations that have passed {@link checkConfig}, and with which sections of modules. */
const checks = new WeakMap<CertstreamConfig, Check>();

/**
 * Checks what a draft holds, and fills in the defaults.
 * @param environment variables that override the draft.
 * @throws ConfigError (`CONFIG_INVALID`), one line for each problem.
 */
export function checkConfig(draft: ConfigDraft, environment: Environment = {}): CertstreamConfig {
  applyGoNames(draft);
  applyEnvironment(draft, environment);
  dropEmptyGoValues(draft);
  coerceValues(draft);
  const config = checkSchema(draft);
  if (config) crossCheck(config, draft);
  if (draft.problems.length > 0 || !config) throw new ConfigError('CONFIG_INVALID', draft.problems);
  const { general } = config;
  general.additional_logs = uniqueByUrl(general.additional_logs);
  general.additional_tiled_logs = uniqueByUrl(general.additional_tiled_logs);
  checks.set(config, { added: draft.layout.added, warnings: draft.warnings });
  return config;
}

/**
 * Makes a complete configuration of a part of one, as {@link loadConfig} does of a file. The environment is not read.
 * A configuration that was checked before is returned unchanged.
 * @param sections that modules add, made by `defineConfigSection`.
 * @throws ConfigError (`CONFIG_INVALID`), one line for each problem; (`CONFIG_SECTION`) for sections of the same name.
 */
export function defineConfig(
  input: ConfigInput | CertstreamConfig = {},
  sections: readonly SectionSchema[] = [],
): CertstreamConfig {
  if (checks.has(input as CertstreamConfig)) return input as CertstreamConfig;
  return checkConfig(
    new ConfigDraft(undefined, copyOf(input) as ConfigTree, undefined, new ConfigLayout(sections)),
  );
}

/** Sections of modules in a configuration, and the warnings of its check. */
export function checkOf(config: CertstreamConfig): Check {
  return checks.get(config) ?? { added: [], warnings: [] };
}

/** Takes a complete configuration without a check, such as one of tests with the port 0. */
export function trustConfig(config: CertstreamConfig): CertstreamConfig {
  if (!checks.has(config)) checks.set(config, { added: [], warnings: [] });
  return config;
}

/** Marks `config` as checked, with the sections of the checked `original` that it was made of. */
export function copyCheck(config: CertstreamConfig, original: CertstreamConfig): CertstreamConfig {
  checks.set(config, checkOf(original));
  return config;
}

function uniqueByUrl<T extends { url: string }>(logs: readonly T[]): T[] {
  return logs.filter(({ url }, index) => logs.findIndex((log) => log.url === url) === index);
}

/** Without the keys whose value is undefined: they are not given. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isTree(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, copyOf(item)]));
}
