import type { CertstreamConfig } from '../../config/config-schema.js';
import type { CtLog } from '../ct-log.js';
import type { CtHttp } from '../http/ct-http.js';
import type { Clock } from '../tailing/clock.js';
import { OperatorPacer } from './operator-pacer.js';
import { PacedHttp } from './paced-http.js';

/** Of the connections to a host, those that one log leaves to the other logs there. */
const SHARE_OF_ONE_LOG = 0.5;

/** One pacer per operator; configured logs, whose operator is just a text, go by their host. */
export class OperatorPacers {
  private readonly pacers = new Map<string, OperatorPacer>();
  private readonly unused: ReadonlySet<string>;

  constructor(
    private readonly config: CertstreamConfig['ct_log'],
    private readonly clock: Clock,
  ) {
    this.unused = new Set(config.no_connection_reuse_operators.map((name) => name.toLowerCase()));
  }

  /** The pacer that all logs of the same operator share. */
  of(log: CtLog): OperatorPacer {
    const { operator, url } = log.source;
    const key = log.configured ? `host ${new URL(url).host}` : operator;
    let pacer = this.pacers.get(key);
    if (pacer === undefined) {
      pacer = new OperatorPacer(this.clock, this.config.max_requests_per_second);
      this.pacers.set(key, pacer);
    }
    return pacer;
  }

  /** What the client of `log` asks with. */
  http(log: CtLog, http: CtHttp): PacedHttp {
    const { connection_reuse: reuse, max_connections_per_origin: connections } = this.config;
    return new PacedHttp(http, {
      pacer: this.of(log),
      maxParallel: Math.max(1, Math.min(this.config.max_parallel_requests, connections * SHARE_OF_ONE_LOG)),
      reuseConnections: reuse && !this.unused.has(log.source.operator.toLowerCase()),
    });
  }
}
