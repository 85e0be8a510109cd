import { z } from 'zod';

import { ClusterConnection } from '../../cluster/cluster-connection.js';
import { KvBucket } from '../../cluster/kv-bucket.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { stateFilePath } from '../../config/state-file-path.js';
import { SharedStates } from '../../ct-log/state/shared-states.js';
import { formatStateFile } from '../../ct-log/state/state-file.js';
import { StateFiles } from '../../ct-log/state/state-files.js';
import { replaceFile } from '../../kernel/atomic-file.js';
import { printableJson } from '../../logging/printable.js';
import { newFile } from '../new-file.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { fetchDocument, ownToken, serverAddress } from '../outputs/server-outputs.js';
import { textTable } from '../text-table.js';
import { UsageError } from '../usage-error.js';

export interface ClusterOptions extends LoadOptions {
  /** URL of a member. Default: the address in the configuration. */
  readonly url?: string;
  readonly token?: string;
  readonly json: boolean;
}

export interface ExportStateOptions extends LoadOptions {
  readonly out?: string;
  readonly force: boolean;
}

const leases = z.array(z.looseObject({ unit: z.string(), member: z.string().nullable() }));

/** The part of `/api/cluster` that the command prints. */
const answer = z.looseObject({
  self: z.string(),
  members: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      role: z.string(),
      version: z.string(),
      started: z.string().nullable(),
      // Members of an older version do not say it.
      lag: z.looseObject({ records: z.number(), seconds: z.number() }).nullish(),
    }),
  ),
  leases: z.looseObject({ logs: leases, outputs: leases }),
  connection: z.looseObject({ connected: z.boolean(), silent_seconds: z.number() }),
  lag: z.looseObject({ records: z.number(), seconds: z.number() }),
  stream: z.looseObject({ first: z.number(), last: z.number(), bytes: z.number() }),
});
type ClusterAnswer = z.infer<typeof answer>;

/** Prints the cluster as a running member sees it. @throws UsageError, ServerError */
export async function showCluster(options: ClusterOptions): Promise<void> {
  const { config } = await loadForCommand(options);
  if (options.url === undefined) checkIsMember(config);
  // The token of the configuration must not be sent to another server.
  const own = options.url === undefined ? ownToken(config) : undefined;
  const address = serverAddress(options.url, config);
  const cluster = await fetchDocument(address, 'api/cluster', answer, options.token ?? own);
  process.stdout.write(
    options.json
      ? `${printableJson(JSON.stringify(cluster))}\n`
      : `${tablesOf(cluster)}${summaryOf(cluster)}`,
  );
}

/**
 * Writes the states of all logs of the cluster to the files that a single server reads, or with `out` to one state file.
 * @throws UsageError, ClusterError, StateFileError
 */
export async function exportState(options: ExportStateOptions): Promise<void> {
  const { config } = await loadForCommand(options);
  checkIsMember(config);
  const { recovery } = config.general;
  const { out, force } = options;
  const paths = out === undefined ? [stateFilePath(recovery), recovery.ct_index_file] : [out];
  const [path, indexPath] = paths.map((each) => newFile(each, force));
  const states = await readStates(config);
  if (states.size === 0) throw new UsageError('the cluster has no states of logs yet; nothing was written');
  if (indexPath === undefined) {
    await replaceFile(path, formatStateFile({ logs: states, indexFiles: [] }, Date.now()));
  } else {
    const files = new StateFiles(path, indexPath);
    try {
      await files.lock();
      await files.save(states);
    } finally {
      await files.unlock();
    }
  }
  process.stdout.write(`Wrote the states of ${states.size} logs to ${path}\n`);
}

async function readStates({ cluster }: CertstreamConfig): ReturnType<SharedStates['readAll']> {
  const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
  const connection = await ClusterConnection.open(cluster, 'export-state', silent);
  try {
    const { prefix, replicas } = cluster;
    const bucket = new KvBucket(connection, 'export-state', { name: `${prefix}-states`, replicas }, silent);
    const ignore = (): void => undefined;
    return await new SharedStates(bucket, { onFenced: ignore, onDamaged: ignore }).readAll();
  } finally {
    await connection.close();
  }
}

/** @throws UsageError */
function checkIsMember({ cluster }: CertstreamConfig): void {
  if (cluster.servers.length === 0)
    throw new UsageError(
      'the configuration names no cluster; set cluster.servers, or name a member with --url',
    );
}

function tablesOf({ self, members, leases: { logs, outputs } }: ClusterAnswer): string {
  const unitsOf = (units: ClusterAnswer['leases']['logs'], id: string | null): string =>
    units
      .filter(({ member }) => member === id)
      .map(({ unit }) => unit)
      .join(', ') || '-';
  // The default name is that of the host.
  const isShared = (name: string): boolean => members.filter((member) => member.name === name).length > 1;
  const isFree = [...logs, ...outputs].some(({ member }) => member === null);
  return textTable([
    ['MEMBER', 'ROLE', 'VERSION', 'STARTED', 'LAG', 'LOGS', 'OUTPUTS'],
    ...members.map(({ id, name, role, version, started, lag }) => [
      `${name}${isShared(name) ? `/${id}` : ''}${id === self ? ' *' : ''}`,
      role,
      version,
      started ?? '-',
      lag ? `${Math.round(lag.seconds)} s` : '-',
      unitsOf(logs, id),
      unitsOf(outputs, id),
    ]),
    ...(isFree ? [['(no member)', '-', '-', '-', '-', unitsOf(logs, null), unitsOf(outputs, null)]] : []),
  ]);
}

function summaryOf({ connection, lag, stream }: ClusterAnswer): string {
  const { connected, silent_seconds: silence } = connection;
  return (
    `* ${connected ? 'connected to NATS' : `not connected to NATS, no answer for ${Math.round(silence)} s`}; ` +
    `lag ${lag.records} records, ${Math.round(lag.seconds)} s\n` +
    `stream: records ${stream.first} to ${stream.last}, ${(stream.bytes / 2 ** 20).toFixed(1)} MiB\n`
  );
}
