import type { CertstreamConfig } from '../../config/config-schema.js';
import type { CtLog } from '../client/ct-log.js';
import type { CtHttp } from '../client/http/ct-http.js';
import type { Clock } from '../../kernel/clock.js';
import type { FlightShare } from './flight-share.js';
import { HostConnections } from './host-connections.js';
import { OperatorPacer } from './operator-pacer.js';
import { PacedHttp } from './paced-http.js';

/** Of the connections to a host, those that requests may take besides the ones for tree heads. */
const SHARE_WITHOUT_HEADS = 0.75;

/** The operator of a log; of a configured log, whose operator is just a text, the host. */
export function operatorOf({ configured, source }: CtLog): string {
  return configured ? `host ${new URL(source.url).host}` : source.operator;
}

/** One pacer per operator; configured logs, whose operator is just a text, go by their host. Connections are the host's. */
export class OperatorPacers {
  private readonly pacers = new Map<string, OperatorPacer>();
  private readonly hosts = new Map<string, HostConnections>();
  private readonly unused: ReadonlySet<string>;

  constructor(
    private readonly config: CertstreamConfig['ct_log'],
    private readonly clock: Clock,
  ) {
    this.unused = new Set(config.no_connection_reuse_operators.map((name) => name.toLowerCase()));
  }

  /** The pacer that all logs of the same operator share. */
  of(log: CtLog): OperatorPacer {
    const key = operatorOf(log);
    let pacer = this.pacers.get(key);
    if (pacer === undefined) {
      pacer = new OperatorPacer(this.clock, this.config.max_requests_per_second);
      this.pacers.set(key, pacer);
    }
    return pacer;
  }

  /** What the client of `log` asks with. @param budget what the answers that come are charged to. */
  http(log: CtLog, http: CtHttp, budget: FlightShare): PacedHttp {
    const { connection_reuse: reuse, max_parallel_requests: maxParallel } = this.config;
    return new PacedHttp(http, {
      pacer: this.of(log),
      connections: this.connections(new URL(log.source.url).host),
      maxParallel,
      reuseConnections: reuse && !this.unused.has(log.source.operator.toLowerCase()),
      clock: this.clock,
      leaseOf: (signal) => budget.leaseOf(signal),
    });
  }

  private connections(host: string): HostConnections {
    let connections = this.hosts.get(host);
    if (connections === undefined) {
      const { max_connections_per_origin: max } = this.config;
      connections = new HostConnections(Math.max(1, Math.floor(max * SHARE_WITHOUT_HEADS)));
      this.hosts.set(host, connections);
    }
    return connections;
  }
}
