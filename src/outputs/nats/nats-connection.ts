import { isIP } from 'node:net';
import type { Authenticator, ConnectionOptions, NatsConnection, TlsOptions } from '@nats-io/transport-node';
import { hostAndPort } from '../../config/sections/outputs/fields.js';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { outputNames } from '../engine/name-lookups.js';
import { readSecret, readSecretFile } from '../engine/secret.js';
import { readTlsOptions } from '../engine/tls-options.js';
import { OutputError } from '../output-error.js';
import { connectionError } from './nats-errors.js';

/** The client, which is loaded when an output needs it. */
export type NatsClient = typeof import('@nats-io/transport-node');
export type NatsSettings = SettingsOf<'nats'>;

const CONNECT_WITHIN_MS = 10_000;
const CREDENTIALS = /-----BEGIN NATS USER JWT-----\s[^]+-----BEGIN USER NKEY SEED-----\s/;

/**
 * Reads secrets and files for a connection.
 * @throws OutputError (`OUTPUT_SECRET_MISSING`, `OUTPUT_TLS_FILE`)
 */
export async function connectionOptions(
  client: NatsClient,
  settings: NatsSettings,
): Promise<ConnectionOptions & { readonly timeout: number }> {
  const [authenticator, tls] = await Promise.all([
    authenticatorOf(client, settings),
    readTlsOptions(settings.tls),
  ]);
  return {
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

/**
 * Connects to one of the servers, which are tried in random order.
 * @throws OutputError (`OUTPUT_UNREACHABLE`, `OUTPUT_REFUSED`, or as {@link connectionOptions})
 */
export async function connectTo(client: NatsClient, settings: NatsSettings): Promise<NatsConnection> {
  const options = await connectionOptions(client, settings);
  try {
    const servers = await resolvable(settings.servers, options.timeout / 2);
    let failure: unknown;
    for (const server of shuffled(servers)) {
      try {
        return await client.connect({ ...options, ...tlsTo(server, options.tls), servers: server });
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  } catch (error) {
    throw connectionError(settings.servers, error);
  }
}

/** Without a name, the client would check whether the certificate of an address is that of `localhost`. */
function tlsTo(server: string, tls: ConnectionOptions['tls']): Pick<ConnectionOptions, 'tls'> {
  const { host } = hostAndPort(server);
  return tls && isIP(host) !== 0 ? { tls: { ...tls, host } as TlsOptions } : {};
}

function shuffled(servers: readonly string[]): string[] {
  return servers
    .map((server) => ({ server, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ server }) => server);
}

/**
 * Returns the servers whose names are resolved. The client looks names up itself, without a bound on look-ups that hang.
 * @throws the error of the first server, if there is no other.
 */
async function resolvable(servers: readonly string[], withinMs: number): Promise<string[]> {
  const answers = await Promise.allSettled(
    servers.map((server) => outputNames.answered(hostAndPort(server).host, withinMs)),
  );
  const [first] = answers;
  const usable = servers.filter((_, i) => answers[i].status === 'fulfilled');
  if (usable.length === 0 && first.status === 'rejected') throw first.reason;
  return usable;
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
  const credentials = await readSecretFile('credentials_file', file);
  if (!CREDENTIALS.test(credentials))
    throw new OutputError(
      'OUTPUT_SECRET_MISSING',
      `${file} of credentials_file does not contain the JWT and the seed of a user; name a .creds file`,
    );
  // The client needs the line feed at the end.
  return client.credsAuthenticator(Buffer.from(`${credentials}\n`));
}
