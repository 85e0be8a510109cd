import { ClusterError } from './cluster-error.js';

/** First version whose replicas refuse the second of two writes with the same expected sequence in every case. */
const SAFE_WITH_REPLICAS = [2, 12];

/**
 * Returns the error for a nats server whose version is too old for this number of replicas: one that is older may accept two writes for one
 * place. Undefined if the version is new enough.
 */
export function versionError(server: string, version: string, replicas: number): ClusterError | undefined {
  const [major, minor] = version.split('.').map(Number);
  const [safeMajor, safeMinor] = SAFE_WITH_REPLICAS;
  if (replicas <= 1 || major > safeMajor || (major === safeMajor && minor >= safeMinor)) return undefined;
  return new ClusterError(
    'CLUSTER_SERVER_TOO_OLD',
    `cluster: the nats server ${server} has version ${version}, and replicas above 1 need ${SAFE_WITH_REPLICAS.join('.')} or newer on all servers: older ones may accept two writes for one place; update it, or set replicas: 1`,
  );
}
