import { type LoadedConfig, loadConfig } from '../config/load-config.js';

/** The configuration for a command, from `--config` or the usual places. */
export function loadForCommand({ config }: { readonly config?: string }): LoadedConfig {
  return loadConfig(config === undefined ? {} : { path: config });
}
