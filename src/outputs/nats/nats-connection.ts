import type { Authenticator, ConnectionOptions, NatsConnection, TlsOptions } from '@nats-io/transport-node';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { readSecret, readSecretFile } from '../engine/secret.js';
import { readTlsOptions } from '../engine/tls-options.js';
import { connectionError } from './nats-errors.js';

/** The client, which is loaded when an output needs it. */
export type NatsClient = typeof import('@nats-io/transport-node');
export type NatsSettings = SettingsOf<'nats'>;

const CONNECT_WITHIN_MS = 10_000;

/**
 * Reads secrets and files for a connection.
 * @throws OutputError (`OUTPUT_SECRET_MISSING`, `OUTPUT_TLS_FILE`)
 */
export async function connectionOptions(
  client: NatsClient,
  settings: NatsSettings,
): Promise<ConnectionOptions> {
  const [authenticator, tls] = await Promise.all([
    authenticatorOf(client, settings),
    readTlsOptions(settings.tls),
  ]);
  return {
    servers: [...settings.servers],
    name: `certstream-server output ${settings.name}`,
    // After a failure, the output makes a new connection and repeats the delivery.
    reconnect: false,
    timeout: Math.min(CONNECT_WITHIN_MS, settings.timeout_seconds * 1000),
    noAsyncTraces: true,
    ignoreClusterUpdates: true,
    inboxPrefix: settings.inbox_prefix,
    ...(authenticator !== undefined && { authenticator }),
    // The client passes the options of `node:tls` on.
    ...(tls !== undefined && { tls: tls as TlsOptions }),
  };
}

/** Connects to one of the servers. @throws OutputError (`OUTPUT_UNREACHABLE`, `OUTPUT_REFUSED`, or as {@link connectionOptions}) */
export async function connectTo(client: NatsClient, settings: NatsSettings): Promise<NatsConnection> {
  const options = await connectionOptions(client, settings);
  try {
    return await client.connect(options);
  } catch (error) {
    throw connectionError(settings.servers, error);
  }
}

async function authenticatorOf(
  client: NatsClient,
  settings: NatsSettings,
): Promise<Authenticator | undefined> {
  const { username, credentials_file: file } = settings;
  if (username !== '')
    return client.usernamePasswordAuthenticator(username, await readSecret(settings, 'password'));
  const token = await readSecret(settings, 'token');
  if (token !== undefined) return client.tokenAuthenticator(token);
  const seed = await readSecret(settings, 'nkey_seed');
  if (seed !== undefined) return client.nkeyAuthenticator(Buffer.from(seed));
  if (file === '') return undefined;
  return client.credsAuthenticator(Buffer.from(await readSecretFile('credentials_file', file)));
}
