import { copyCheck } from '../config/checked-config.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { sharesListener } from '../config/cross-checks.js';
import type { ClusterRole } from '../cluster/member-info.js';
import { UsageError } from './usage-error.js';

/**
 * Returns the configuration with another `webserver.listen_port`. Metrics on the port of the web listener stay on it.
 * @param port 0 for any free port; undefined to change nothing.
 * @throws UsageError when the port cannot be used with the other settings.
 */
export function withListenPort(config: CertstreamConfig, port: number | undefined): CertstreamConfig {
  if (port === undefined) return config;
  const { webserver, prometheus } = config;
  const isShared = sharesListener(config);
  if (!webserver.listen_tcp)
    throw new UsageError(`--port ${port} has no effect while webserver.listen_tcp is false`);
  if (prometheus.enabled && !isShared && prometheus.listen_port === port)
    throw new UsageError(
      `--port ${port} is the port of the metrics; use another, or change prometheus.listen_port`,
    );
  const changed: CertstreamConfig = {
    ...config,
    webserver: { ...webserver, listen_port: port },
    prometheus: isShared ? { ...prometheus, listen_port: port } : prometheus,
  };
  return copyCheck(changed, config);
}

/**
 * Returns the configuration with another `cluster.role`.
 * @param role undefined to change nothing.
 * @throws UsageError without a cluster.
 */
export function withRole(config: CertstreamConfig, role: ClusterRole | undefined): CertstreamConfig {
  if (role === undefined) return config;
  if (config.cluster.servers.length === 0 && role !== 'all')
    throw new UsageError(`--role ${role} needs a cluster; name its NATS servers in cluster.servers`);
  return copyCheck({ ...config, cluster: { ...config.cluster, role } }, config);
}
