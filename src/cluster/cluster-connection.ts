import { isIP } from 'node:net';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Authenticator, MsgHdrs, NatsConnection, Server, TlsOptions } from '@nats-io/transport-node';
import { ProblemLog, type ProblemLogTarget } from '../logging/problem-log.js';
import {
  accessOptions,
  loadNats,
  type NatsAccess,
  type NatsClient,
  type NatsFailure,
} from '../nats/nats-access.js';
import { type ConnectOptions, connectToAny } from '../nats/nats-connection.js';
import { ClusterError, type ClusterErrorCode, hasClusterCode } from './cluster-error.js';
import { ConnectionWatch } from './connection-watch.js';
import { versionError } from './server-version.js';

const CONNECT_WITHIN_MS = 5000;
/** Time limit for a request to JetStream. */
const API_TIMEOUT_MS = 2500;
/** A connection without an answer to two pings is replaced by another one. */
const PING_EVERY_MS = 2000;
const MAX_PINGS = 2;
const RECONNECT_MS = 500;

const CODES = {
  package: 'CLUSTER_PACKAGE_MISSING',
  secret: 'CLUSTER_SECRET_MISSING',
  tls_file: 'CLUSTER_TLS_FILE',
  unreachable: 'CLUSTER_UNREACHABLE',
  refused: 'CLUSTER_REFUSED',
} as const satisfies Record<string, ClusterErrorCode>;

const failure: NatsFailure = (problem, message, cause) =>
  new ClusterError(CODES[problem], `cluster: ${message}`, { cause });

export type ConnectionSettings = NatsAccess & { readonly replicas: number };

/** Options of `node:tls` that the client passes on. It reads them from the same object for each connection. */
type TlsTarget = TlsOptions & { servername?: string; host?: string };

/**
 * The connection to the nats servers. It connects again by itself, for ever, and to each listed server in turn; its objects stay the
 * same. Secrets and TLS files are read again meanwhile.
 */
export class ClusterConnection {
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  private readonly watch: ConnectionWatch;

  private constructor(
    readonly nats: NatsConnection,
    private readonly parts: {
      readonly settings: ConnectionSettings;
      readonly jetstream: JetStreamClient;
      readonly manager: JetStreamManager;
      readonly refresh: () => Promise<void>;
      readonly newHeaders: () => MsgHdrs;
    },
    log: ProblemLogTarget,
  ) {
    this.jetstream = parts.jetstream;
    this.manager = parts.manager;
    const { settings, refresh } = parts;
    const { servers, replicas } = settings;
    this.watch = new ConnectionWatch(nats, { servers, replicas, refresh, problems: new ProblemLog(log) });
  }

  /**
   * @throws ClusterError (`CLUSTER_PACKAGE_MISSING`, `CLUSTER_SECRET_MISSING`, `CLUSTER_TLS_FILE`, `CLUSTER_UNREACHABLE`,
   * `CLUSTER_REFUSED`, `CLUSTER_JETSTREAM_OFF`, `CLUSTER_SERVER_TOO_OLD`)
   */
  static async open(
    settings: ConnectionSettings,
    name: string,
    log: ProblemLogTarget,
  ): Promise<ClusterConnection> {
    const { client, jetstream: js } = await loadNats('a cluster', failure);
    const access = await accessOptions(client, settings, failure);
    const tls: TlsTarget | undefined = access.tls ? { ...access.tls } : undefined;
    const servername = tls?.servername;
    let { authenticator } = access;
    const options: ConnectOptions = {
      ...access,
      ...(tls !== undefined && { tls }),
      ...(authenticator !== undefined && {
        authenticator: (nonce?: string) => (authenticator as Authenticator)(nonce),
      }),
      name: `certstream-server cluster ${name}`,
      timeout: CONNECT_WITHIN_MS,
      noAsyncTraces: true,
      ignoreClusterUpdates: true,
      ignoreAuthErrorAbort: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_MS / 2,
      reconnectJitterTLS: RECONNECT_MS / 2,
      pingInterval: PING_EVERY_MS,
      maxPingOut: MAX_PINGS,
      // The client would look names up without a time limit.
      resolve: false,
      reconnectToServer: ([next]: readonly Server[]) => {
        if (tls !== undefined) nameServer(tls, next.hostname, servername);
        return null;
      },
    };
    const { servers, replicas } = settings;
    if (replicas > 1) await refuseOldServers(client, settings, options);
    const nats = await connectToAny(client, servers, options, failure);
    nats.setServers([...servers]);
    const refresh = async (): Promise<void> => {
      const fresh = await accessOptions(client, settings, failure);
      authenticator = fresh.authenticator;
      Object.assign(tls ?? {}, { ...fresh.tls, servername: tls?.servername });
    };
    try {
      const manager = await js.jetstreamManager(nats, { checkAPI: false, timeout: API_TIMEOUT_MS });
      const jetstream = js.jetstream(nats, { timeout: API_TIMEOUT_MS });
      return new ClusterConnection(
        nats,
        { settings, jetstream, manager, refresh, newHeaders: client.headers },
        log,
      );
    } catch (error) {
      await nats.close();
      throw error;
    }
  }

  /** Whether requests can be sent. */
  get isConnected(): boolean {
    return this.watch.isConnected;
  }

  /** Returns empty headers for a message. */
  newHeaders(): MsgHdrs {
    return this.parts.newHeaders();
  }

  async close(): Promise<void> {
    const { isConnected } = this;
    this.watch.closing();
    // Without a connection, the client would dial again first.
    if (!isConnected) return this.nats.close().catch(() => undefined);
    try {
      // Sends what was published.
      await this.nats.drain();
    } catch {
      await this.nats.close().catch(() => undefined);
    }
  }
}

/** Without a name, the client would check whether the certificate of an address is that of `localhost`. */
function nameServer(tls: TlsTarget, host: string, configured: string | undefined): void {
  const isAddress = isIP(host) !== 0;
  tls.servername = configured ?? (isAddress ? '' : host);
  tls.host = host;
}

/** @throws ClusterError (`CLUSTER_SERVER_TOO_OLD`) if one of the servers that answer is too old for replicas. */
async function refuseOldServers(
  client: NatsClient,
  { servers, replicas }: ConnectionSettings,
  options: ConnectOptions,
): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      try {
        const nats = await connectToAny(client, [server], { ...options, reconnect: false }, failure);
        const { version } = nats.info!;
        await nats.close();
        const error = versionError(server, version, replicas);
        if (error !== undefined) throw error;
      } catch (error) {
        if (hasClusterCode(error, 'CLUSTER_SERVER_TOO_OLD')) throw error;
        // Another server may answer.
      }
    }),
  );
}
