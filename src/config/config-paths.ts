/** Paths of the configuration file without `--config`. The first file that exists is used. */
export const CONFIG_PATHS = ['./config.yaml', '/app/config/config.yaml', '/app/config.yaml'] as const;
