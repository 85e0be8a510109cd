import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import { type LoadedModules, loadModules } from './load-modules.js';

/** Options that concern the configuration and the modules that extend the server. */
export interface LoadOptions {
  readonly config?: string;
  readonly module?: readonly string[];
}

/** The configuration for a command, from `--config` or the usual places, with the sections of the modules of `--module`. */
export async function loadForCommand({
  config,
  module = [],
}: LoadOptions): Promise<LoadedConfig & LoadedModules> {
  const modules = await loadModules(module);
  const path = config === undefined ? {} : { path: config };
  return { ...loadConfig({ ...path, sections: modules.sections }), ...modules };
}
