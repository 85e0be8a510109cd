import type { NatsConnection } from '@nats-io/transport-node';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { accessOptions, type NatsClient, type NatsFailure } from '../../nats/nats-access.js';
import { type ConnectOptions, connectToAny } from '../../nats/nats-connection.js';
import { OutputError, type OutputErrorCode } from '../output-error.js';

export type NatsSettings = SettingsOf<'nats'>;

const CONNECT_WITHIN_MS = 10_000;
const CODES = {
  package: 'OUTPUT_PACKAGE_MISSING',
  secret: 'OUTPUT_SECRET_MISSING',
  tls_file: 'OUTPUT_TLS_FILE',
  unreachable: 'OUTPUT_UNREACHABLE',
  refused: 'OUTPUT_REFUSED',
} as const satisfies Record<string, OutputErrorCode>;

/** Makes the errors of the connections of outputs. */
export const outputFailure: NatsFailure = (problem, message, cause) =>
  new OutputError(CODES[problem], message, { cause });

/**
 * Reads secrets and files for a connection.
 * @throws OutputError (`OUTPUT_SECRET_MISSING`, `OUTPUT_TLS_FILE`)
 */
export async function connectionOptions(client: NatsClient, settings: NatsSettings): Promise<ConnectOptions> {
  return {
    ...(await accessOptions(client, settings, outputFailure)),
    name: `certstream-server output ${settings.name}`,
    // After a failure, the output makes a new connection and repeats the delivery.
    reconnect: false,
    timeout: Math.min(CONNECT_WITHIN_MS, settings.timeout_seconds * 1000),
    noAsyncTraces: true,
    ignoreClusterUpdates: true,
  };
}

/**
 * Connects to one of the servers, which are tried in random order.
 * @throws OutputError (`OUTPUT_UNREACHABLE`, `OUTPUT_REFUSED`, or as {@link connectionOptions})
 */
export async function connectTo(client: NatsClient, settings: NatsSettings): Promise<NatsConnection> {
  const options = await connectionOptions(client, settings);
  return connectToAny(client, settings.servers, options, outputFailure);
}
