import { isIP } from 'node:net';
import type { ConnectionOptions, NatsConnection, TlsOptions } from '@nats-io/transport-node';
import { hostAndPort } from '../config/sections/outputs/fields.js';
import { CertstreamError, messageOf } from '../kernel/certstream-error.js';
import { serverNames } from '../kernel/name-lookups.js';
import type { NatsClient, NatsFailure } from './nats-access.js';

/** Names of the errors of the client; its packages are optional, so their classes are not imported. */
const REFUSALS: Readonly<Record<string, string>> = {
  AuthorizationError: 'check the user and its secret',
  UserAuthenticationExpiredError: 'the credentials have expired; renew them',
};

/**
 * Options of a connection. `timeout` bounds each try, milliseconds. A `reconnectToServer` also sets the name for TLS: {@link connectToAny}
 * then leaves `tls` unchanged.
 */
export type ConnectOptions = Omit<ConnectionOptions, 'servers'> & { readonly timeout: number };

/**
 * Connects to one of the servers, which are tried in random order.
 * @throws the error of `failure` for `unreachable` and `refused`.
 */
export async function connectToAny(
  client: NatsClient,
  servers: readonly string[],
  options: ConnectOptions,
  failure: NatsFailure,
): Promise<NatsConnection> {
  try {
    const usable = await resolvable(servers, options.timeout / 2);
    let problem: unknown;
    for (const server of shuffled(usable)) {
      try {
        const tls = options.reconnectToServer === undefined ? tlsTo(server, options.tls) : {};
        return await client.connect({ ...options, ...tls, servers: server });
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  } catch (error) {
    throw connectionError(servers, error, failure);
  }
}

/** Returns why a connection could not be made, or why it ended. */
export function connectionError(servers: readonly string[], error: unknown, failure: NatsFailure): Error {
  if (error instanceof CertstreamError) return error;
  const { name, code } = error as NodeJS.ErrnoException;
  const at = `nats server ${servers.join(', ')}`;
  const hint = REFUSALS[name];
  if (hint !== undefined)
    return failure('refused', `${at} refuses the connection: ${messageOf(error)}; ${hint}`, error);
  if (code?.startsWith('ERR_TLS') === true || /certificate|TLS|SSL/i.test(`${code} ${messageOf(error)}`))
    return failure('unreachable', `${at}: TLS fails: ${messageOf(error)}; check tls`, error);
  return failure('unreachable', `${at} cannot be reached: ${messageOf(error)}`, error);
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
    servers.map((server) => serverNames.answered(hostAndPort(server).host, withinMs)),
  );
  const [first] = answers;
  const usable = servers.filter((_, i) => answers[i].status === 'fulfilled');
  if (usable.length === 0 && first.status === 'rejected') throw first.reason;
  return usable;
}
