/** Paths of the configuration file without `--config`. The first file that exists is used. The last one is that of the Debian package. */
export const CONFIG_PATHS = [
  './config.yaml',
  '/app/config/config.yaml',
  '/app/config.yaml',
  '/etc/certstream-server/config.yaml',
] as const;
