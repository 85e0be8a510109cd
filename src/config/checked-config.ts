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
import { applyGoOutputs } from './go-outputs.js';
import { inheritWebserver } from './metrics-defaults.js';

/** A configuration in which every section and key is optional. It may contain sections of modules. */
export type ConfigInput = z.input<typeof configSchema> & { readonly [section: string]: unknown };

interface Check {
  readonly added: readonly SectionSchema[];
  readonly warnings: readonly string[];
}

/** The configurations that passed {@link checkConfig}, with their sections of modules. */
const checks = new WeakMap<CertstreamConfig, Check>();

/**
 * Checks a draft and fills in the defaults.
 * @param environment variables that override the draft.
 * @throws ConfigError (`CONFIG_INVALID`), one line for each problem.
 */
export function checkConfig(draft: ConfigDraft, environment: Environment = {}): CertstreamConfig {
  applyGoNames(draft);
  applyEnvironment(draft, environment);
  applyGoOutputs(draft);
  dropEmptyGoValues(draft);
  coerceValues(draft);
  const config = checkSchema(draft);
  if (config) {
    inheritWebserver(config, draft);
    crossCheck(config, draft);
  }
  if (draft.problems.length > 0 || !config) throw new ConfigError('CONFIG_INVALID', draft.problems);
  const { general } = config;
  general.additional_logs = uniqueByUrl(general.additional_logs);
  general.additional_tiled_logs = uniqueByUrl(general.additional_tiled_logs);
  checks.set(config, { added: draft.layout.added, warnings: draft.warnings });
  return config;
}

/**
 * Completes and checks a partial configuration, as `loadConfig` does with a file. It does not read the environment.
 * A configuration that was checked before is returned unchanged.
 * @param sections sections that modules add, created by `defineConfigSection`.
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

/** Returns the sections of modules in a configuration, and the warnings of its check. */
export function checkOf(config: CertstreamConfig): Check {
  return checks.get(config) ?? { added: [], warnings: [] };
}

/** Accepts a complete configuration without a check, such as a configuration of a test with the port 0. */
export function trustConfig(config: CertstreamConfig): CertstreamConfig {
  if (!checks.has(config)) checks.set(config, { added: [], warnings: [] });
  return config;
}

/** Marks `config` as checked. It gets the sections and warnings of the checked `original` from which it was made. */
export function copyCheck(config: CertstreamConfig, original: CertstreamConfig): CertstreamConfig {
  checks.set(config, checkOf(original));
  return config;
}

function uniqueByUrl<T extends { url: string }>(logs: readonly T[]): T[] {
  return logs.filter(({ url }, index) => logs.findIndex((log) => log.url === url) === index);
}

/** Copies a value without the keys whose value is undefined, which count as not given. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isTree(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, copyOf(item)]));
}
