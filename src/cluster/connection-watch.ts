import type { NatsConnection } from '@nats-io/transport-node';
import { messageOf } from '../kernel/certstream-error.js';
import type { ProblemLog } from '../logging/problem-log.js';
import { versionError } from './server-version.js';

export interface ConnectionWatchOptions {
  readonly servers: readonly string[];
  readonly replicas: number;
  readonly problems: ProblemLog;
  /** Reads secrets and TLS files again. */
  readonly refresh: () => Promise<void>;
}

/**
 * ConnectionWatch knows whether requests can be sent over a connection, and reports what the client says about it. A connection to a server
 * that is too old is left again.
 */
export class ConnectionWatch {
  private isUp = true;
  private isRefreshing = false;

  constructor(
    private readonly nats: Pick<NatsConnection, 'status' | 'reconnect' | 'info' | 'getServer'>,
    private readonly options: ConnectionWatchOptions,
  ) {
    void this.run();
  }

  /** Whether requests can be sent. */
  get isConnected(): boolean {
    return this.isUp;
  }

  /** Says that the connection is being closed. */
  closing(): void {
    this.isUp = false;
  }

  private async run(): Promise<void> {
    const { servers, problems } = this.options;
    for await (const status of this.nats.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') {
        if (this.isUp)
          problems.report('connection', 'cluster: the connection to the nats servers is lost', { servers });
        this.isUp = false;
      } else if (status.type === 'reconnecting') void this.refresh();
      else if (status.type === 'reconnect') this.reconnected();
      else if (status.type === 'error') {
        const { name, message } = status.error;
        const hint = name === 'PermissionViolationError' ? '; grant the right to the user' : '';
        problems.report(message, `cluster: the nats server answers: ${message}${hint}`);
      }
    }
    this.isUp = false;
  }

  private reconnected(): void {
    const { problems, replicas } = this.options;
    const { version = '' } = this.nats.info ?? {};
    const error = versionError(this.nats.getServer(), version, replicas);
    if (error === undefined) {
      this.isUp = true;
      problems.resolved('connection');
      return;
    }
    problems.report('version', error.message);
    // It fails if the connection was lost or closed meanwhile; then the client tries another server, or nothing is to be done.
    this.nats.reconnect().catch(() => undefined);
  }

  /** While a secret or a file is missing, the old one is kept. */
  private async refresh(): Promise<void> {
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    const { problems, refresh } = this.options;
    try {
      await refresh();
      problems.resolved('access');
    } catch (error) {
      problems.report('access', `${messageOf(error)}; the last one is kept`);
    } finally {
      this.isRefreshing = false;
    }
  }
}
