import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, normalize } from 'node:path';

import { checkConfig } from './checked-config.js';
import { CONFIG_PATHS } from './config-paths.js';
import { ConfigDraft } from './config-draft.js';
import { ConfigError } from './config-error.js';
import { ConfigLayout, type SectionSchema } from './config-layout.js';
import type { CertstreamConfig } from './config-schema.js';
import type { Environment } from './environment.js';
import { reasonOf } from './file-checks.js';
import { readYaml } from './read-yaml.js';

const MAX_CONFIG_BYTES = 1024 * 1024;
/** Docker creates a folder or a volume at this place. */
const FOLDER =
  'it is a folder; remove it. In a container, name the file of -v with its path, such as ./config.yaml, and check that it exists';
const TOO_LARGE = 'it is larger than 1 MiB, so it cannot be a configuration';

export interface LoadOptions {
  /** Path from `--config`; the file must exist. */
  readonly path?: string;
  readonly environment?: Environment;
  readonly searchPaths?: readonly string[];
  /** Sections that modules add, created by `defineConfigSection`. */
  readonly sections?: readonly SectionSchema[];
}

export interface LoadedConfig {
  readonly config: CertstreamConfig;
  /** Path of the file, or `defaults`. */
  readonly source: string;
  /** One line per warning. */
  readonly warnings: readonly string[];
}

/**
 * Finds, reads and checks the configuration; environment variables override the file.
 * @throws {ConfigError} naming every problem, one line each
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const path = findConfig(options);
  const layout = new ConfigLayout(options.sections);
  const draft =
    path === undefined
      ? new ConfigDraft(undefined, {}, undefined, layout)
      : readYaml(readConfigFile(path, options.path !== undefined), shownPath(path), layout);
  const config = checkConfig(draft, options.environment ?? process.env);
  return { config, source: path === undefined ? 'defaults' : shownPath(path), warnings: draft.warnings };
}

function findConfig({ path, searchPaths = CONFIG_PATHS }: LoadOptions): string | undefined {
  if (path === undefined) return searchPaths.find((candidate) => existsSync(candidate));
  if (!existsSync(path)) {
    throw new ConfigError('CONFIG_NOT_FOUND', [
      `${shownPath(path)}: there is no such file (named by --config)`,
    ]);
  }
  return path;
}

function readConfigFile(path: string, isNamed: boolean): string {
  const fail = (reason: string, cause?: unknown) =>
    new ConfigError('CONFIG_UNREADABLE', [`${shownPath(path)}: cannot be read: ${reason}`], { cause });
  let content: Buffer;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw fail(isNamed ? 'it is a folder; name the file in it' : FOLDER);
    if (stats.isCharacterDevice() || stats.isBlockDevice()) throw fail('it is a device');
    if (stats.size > MAX_CONFIG_BYTES) throw fail(TOO_LARGE);
    content = readFileSync(path);
  } catch (error) {
    throw error instanceof ConfigError ? error : fail(reasonOf(error), error);
  }
  if (content.length > MAX_CONFIG_BYTES) throw fail(TOO_LARGE);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw fail('it is not UTF-8 text', error);
  }
}

function shownPath(path: string): string {
  const shown = isAbsolute(path) ? path : normalize(path);
  return JSON.stringify(shown).slice(1, -1);
}
