import { copyCheck } from './checked-config.js';
import type { CertstreamConfig } from './config-schema.js';
import { sharesListener } from './cross-checks.js';

/** Files that the process has open besides connections: its own, and those of journal (16 for replays), positions, outputs and names. */
const OTHER_FILES = 40;
/** Connections of an output. */
const FILES_PER_OUTPUT = 4;
const FEWEST_CONNECTIONS = 8;
/** Most connections to the listener that has only the metrics, at the same time. */
export const MAX_METRICS_CONNECTIONS = 32;

export interface PossibleConfig {
  readonly config: CertstreamConfig;
  /** What is less than the configuration asks for, as one line. */
  readonly notice?: string;
  /** Whether less than half of a configured number is left. */
  readonly isScarce?: boolean;
}

/**
 * Cuts the numbers of connections to what the limit of open files allows. Otherwise clients could take the files that logs, positions and
 * journal need.
 * @param openFiles `ulimit -n`; undefined if it is unknown.
 */
export function withinOpenFiles(config: CertstreamConfig, openFiles: number | undefined): PossibleConfig {
  const { webserver, ct_log: log } = config;
  const { limits } = webserver;
  const wanted = {
    clients: limits.max_connections || Infinity,
    others: limits.max_pending_connections || Infinity,
    logs: log.max_connections,
  };
  const reserved = reservedFiles(config);
  const sum = wanted.clients + wanted.others + wanted.logs + reserved;
  if (openFiles === undefined || openFiles === Infinity || sum <= openFiles) return { config };
  const free = Math.max(openFiles - reserved, 3 * FEWEST_CONNECTIONS);
  const logs = Math.min(wanted.logs, share(free, 1 / 4));
  const others = Math.min(wanted.others, share(free - logs, 1 / 4));
  const clients = Math.min(wanted.clients, free - logs - others);
  const cut: CertstreamConfig = {
    ...config,
    webserver: {
      ...webserver,
      limits: { ...limits, max_connections: clients, max_pending_connections: others },
    },
    ct_log: { ...log, max_connections: logs },
  };
  const fewest = reserved + 3 * FEWEST_CONNECTIONS;
  if (openFiles < fewest)
    return {
      config: copyCheck(cut, config),
      isScarce: true,
      notice: `the limit of open files is ${openFiles} (ulimit -n), too low for this configuration: raise it to ${fewest} or more`,
    };
  return {
    config: copyCheck(cut, config),
    isScarce:
      isHalved(wanted.clients, clients) || isHalved(wanted.others, others) || isHalved(wanted.logs, logs),
    notice: `the limit of open files is ${openFiles} (ulimit -n), and the configured connections need ${
      sum === Infinity ? 'more' : sum
    }: at most ${clients} clients, ${others} other connections and ${logs} connections to logs; raise the limit, or lower webserver.limits`,
  };
}

/**
 * Cuts the number of clients of a configuration that a running server reads again. The other numbers stay as they are until a restart.
 * @param running the configuration with which the server runs, from {@link withinOpenFiles}.
 */
export function reloadedWithinOpenFiles(
  config: CertstreamConfig,
  running: CertstreamConfig,
  openFiles: number | undefined,
): PossibleConfig {
  if (openFiles === undefined || openFiles === Infinity) return { config };
  const { webserver } = config;
  const { limits } = webserver;
  const others = running.webserver.limits.max_pending_connections;
  const rest = openFiles - reservedFiles(running) - others - running.ct_log.max_connections;
  const clients = Math.max(rest, FEWEST_CONNECTIONS);
  if ((limits.max_connections || Infinity) <= clients) return { config };
  const cut = { ...config, webserver: { ...webserver, limits: { ...limits, max_connections: clients } } };
  return {
    config: copyCheck(cut, config),
    isScarce: isHalved(limits.max_connections || Infinity, clients),
    notice: `the limit of open files is ${openFiles} (ulimit -n): at most ${clients} clients; raise the limit, or lower webserver.limits`,
  };
}

function isHalved(wanted: number, possible: number): boolean {
  return wanted !== Infinity && 2 * possible < wanted;
}

function share(free: number, part: number): number {
  return Math.max(FEWEST_CONNECTIONS, Math.floor(free * part));
}

/** Number of files that are not for the bounded connections. */
function reservedFiles(config: CertstreamConfig): number {
  const hasMetricsListener = config.prometheus.enabled && !sharesListener(config);
  const outputs = config.outputs.length * FILES_PER_OUTPUT;
  return OTHER_FILES + outputs + (hasMetricsListener ? MAX_METRICS_CONNECTIONS : 0);
}
