import type { Authenticator, ConnectionOptions, TlsOptions } from '@nats-io/transport-node';
import { readSecret, readSecretFile, type SecretSettings } from '../config/secret-files.js';
import { readTlsOptions, type TlsSettings } from '../config/tls-files.js';
import type { CertstreamError } from '../kernel/certstream-error.js';
import { loadPackages } from '../kernel/optional-package.js';

/** The client, which is loaded when a part of the configuration needs it. */
export type NatsClient = typeof import('@nats-io/transport-node');
export type JetStreamPackage = typeof import('@nats-io/jetstream');

/** Settings of everything that connects to nats servers. */
export interface NatsAccess extends SecretSettings<'password' | 'token' | 'nkey_seed'> {
  /** Servers of one cluster, as `host:port`. */
  readonly servers: readonly string[];
  readonly username: string;
  readonly credentials_file: string;
  readonly inbox_prefix: string;
  readonly tls?: TlsSettings | undefined;
}

/** Why a connection is not possible. */
export type NatsProblem = 'package' | 'secret' | 'tls_file' | 'unreachable' | 'refused';
/** Makes the error of the part of the program that connects. */
export type NatsFailure = (problem: NatsProblem, message: string, cause?: unknown) => CertstreamError;

const CREDENTIALS = /-----BEGIN NATS USER JWT-----\s[^]+-----BEGIN USER NKEY SEED-----\s/;

/**
 * Loads the packages of NATS, which the user installs.
 * @param user what needs them, such as `output soc`.
 */
export function loadNats(
  user: string,
  failure: NatsFailure,
): Promise<{ readonly client: NatsClient; readonly jetstream: JetStreamPackage }> {
  return loadPackages(
    ['@nats-io/transport-node', '@nats-io/jetstream'],
    async () => {
      const [client, jetstream] = await Promise.all([
        import('@nats-io/transport-node'),
        import('@nats-io/jetstream'),
      ]);
      return { client, jetstream };
    },
    (problem, cause) => failure('package', `${user} needs packages ${problem}`, cause),
  );
}

/**
 * Reads secrets and files and returns the options of the client that say who connects, and how.
 * @throws the error of `failure` for `secret` and `tls_file`.
 */
export async function accessOptions(
  client: NatsClient,
  access: NatsAccess,
  failure: NatsFailure,
): Promise<Pick<ConnectionOptions, 'authenticator' | 'tls' | 'inboxPrefix'>> {
  const [authenticator, tls] = await Promise.all([
    authenticatorOf(client, access, failure),
    readTlsOptions(access.tls, (message, cause) => failure('tls_file', message, cause)),
  ]);
  return {
    inboxPrefix: access.inbox_prefix,
    ...(authenticator !== undefined && { authenticator }),
    // The client passes the options of `node:tls` on.
    ...(tls !== undefined && { tls: tls as TlsOptions }),
  };
}

async function authenticatorOf(
  client: NatsClient,
  access: NatsAccess,
  failure: NatsFailure,
): Promise<Authenticator | undefined> {
  const missing = (message: string, cause?: unknown): CertstreamError => failure('secret', message, cause);
  const { username, credentials_file: file } = access;
  if (username !== '')
    return client.usernamePasswordAuthenticator(username, await readSecret(access, 'password', missing));
  const token = await readSecret(access, 'token', missing);
  if (token !== undefined) return client.tokenAuthenticator(token);
  const seed = await readSecret(access, 'nkey_seed', missing);
  if (seed !== undefined) return client.nkeyAuthenticator(Buffer.from(seed));
  if (file === '') return undefined;
  const credentials = await readSecretFile('credentials_file', file, missing);
  if (!CREDENTIALS.test(credentials))
    throw missing(
      `${file} of credentials_file does not contain the JWT and the seed of a user; name a .creds file`,
    );
  // The client needs the line feed at the end.
  return client.credsAuthenticator(Buffer.from(`${credentials}\n`));
}
