import { isIP } from 'node:net';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Authenticator, MsgHdrs, NatsConnection, Server, TlsOptions } from '@nats-io/transport-node';
import { messageOf } from '../kernel/certstream-error.js';
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

const CONNECT_WITHIN_MS = 5000;
/** Time limit for a request to JetStream. */
const API_TIMEOUT_MS = 2500;
/** A connection without an answer to two pings is replaced by another one. */
const PING_EVERY_MS = 2000;
const MAX_PINGS = 2;
const RECONNECT_MS = 500;
/** First version whose replicas refuse the second of two writes with the same expected sequence in every case. */
const SAFE_WITH_REPLICAS = [2, 12];

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
  private isUp = true;
  private isRefreshing = false;
  private readonly problems: ProblemLog;

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
    this.problems = new ProblemLog(log);
    void this.watch();
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
    const { servers } = settings;
    if (settings.replicas > 1) await refuseOldServers(client, servers, options);
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
    return this.isUp;
  }

  /** Returns empty headers for a message. */
  newHeaders(): MsgHdrs {
    return this.parts.newHeaders();
  }

  async close(): Promise<void> {
    const { isUp } = this;
    this.isUp = false;
    // Without a connection, the client would dial again first.
    if (!isUp) return this.nats.close().catch(() => undefined);
    try {
      // Sends what was published.
      await this.nats.drain();
    } catch {
      await this.nats.close().catch(() => undefined);
    }
  }

  private async watch(): Promise<void> {
    const { servers, replicas } = this.parts.settings;
    for await (const status of this.nats.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') {
        if (this.isUp)
          this.problems.report('connection', 'cluster: the connection to the nats servers is lost', {
            servers,
          });
        this.isUp = false;
      } else if (status.type === 'reconnecting') void this.refresh();
      else if (status.type === 'reconnect') {
        const { version } = this.nats.info!;
        if (replicas > 1 && isTooOld(version)) {
          this.problems.report('version', tooOld(this.nats.getServer(), version).message);
          void this.nats.reconnect();
          continue;
        }
        this.isUp = true;
        this.problems.resolved('connection');
      } else if (status.type === 'error') {
        const { name, message } = status.error;
        const hint = name === 'PermissionViolationError' ? '; grant the right to the user' : '';
        this.problems.report(message, `cluster: the nats server answers: ${message}${hint}`);
      }
    }
    this.isUp = false;
  }

  /** Reads secrets and files again. While one is missing, the old ones are kept. */
  private async refresh(): Promise<void> {
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      await this.parts.refresh();
      this.problems.resolved('access');
    } catch (error) {
      this.problems.report('access', `${messageOf(error)}; the last one is kept`);
    } finally {
      this.isRefreshing = false;
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
  servers: readonly string[],
  options: ConnectOptions,
): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      try {
        const nats = await connectToAny(client, [server], { ...options, reconnect: false }, failure);
        const { version } = nats.info!;
        await nats.close();
        if (isTooOld(version)) throw tooOld(server, version);
      } catch (error) {
        if (hasClusterCode(error, 'CLUSTER_SERVER_TOO_OLD')) throw error;
        // Another server may answer.
      }
    }),
  );
}

function isTooOld(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  const [safeMajor, safeMinor] = SAFE_WITH_REPLICAS;
  return !(major > safeMajor || (major === safeMajor && minor >= safeMinor));
}

function tooOld(server: string, version: string): ClusterError {
  return new ClusterError(
    'CLUSTER_SERVER_TOO_OLD',
    `cluster: the nats server ${server} has version ${version}, and replicas above 1 need ${SAFE_WITH_REPLICAS.join('.')} or newer on all servers: older ones may accept two writes for one place; update it, or set replicas: 1`,
  );
}
