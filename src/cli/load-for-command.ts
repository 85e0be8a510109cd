import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import { type LoadedModules, loadModules } from './load-modules.js';

/** Options for the configuration and for the modules that extend the server. */
export interface LoadOptions {
  readonly config?: string;
  readonly module?: readonly string[];
}

/** Loads the modules of `--module`, and the configuration with their sections from `--config` or the usual paths. */
export async function loadForCommand({
  config,
  module = [],
}: LoadOptions): Promise<LoadedConfig & LoadedModules> {
  const modules = await loadModules(module);
  const path = config === undefined ? {} : { path: config };
  return { ...loadConfig({ ...path, sections: modules.sections }), ...modules };
}
