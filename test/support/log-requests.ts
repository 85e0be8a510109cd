import type { CtHttp } from '../../src/ct-log/client/http/ct-http.js';
import type { Load } from '../../src/ct-log/scheduling/flight-budget.js';
import { LogRequests } from '../../src/ct-log/scheduling/log-requests.js';
import { OperatorPace } from '../../src/ct-log/scheduling/operator-pace.js';
import {
  RequestScheduler,
  type RequestSchedulerOptions,
} from '../../src/ct-log/scheduling/request-scheduler.js';
import { VirtualClock } from './virtual-clock.js';

/** The pace of an operator without limits. */
class AnyPace extends OperatorPace {
  override opensAt(now: number): number {
    return now;
  }
}

/** Creates a scheduler with high limits, which the options can change. */
export function requestScheduler(
  clock = new VirtualClock(),
  options: Partial<RequestSchedulerOptions> = {},
): RequestScheduler {
  return new RequestScheduler({
    clock,
    capacity: { entries: 10_000, bytes: 1e9 },
    connectionsPerHost: 1000,
    maxParallel: 100,
    newPace: () => new AnyPace(clock, 200),
    ...options,
  });
}

export interface LogRequestsSetup {
  readonly capacity?: Load;
  readonly clock?: VirtualClock;
  readonly http?: CtHttp;
  readonly operator?: string;
  readonly host?: string;
  readonly scheduler?: RequestScheduler;
  readonly onLimited?: (() => void) | undefined;
}

/** Creates the requests of one log. By default the log has its own scheduler. */
export function logRequests({
  capacity = { entries: 10_000, bytes: 1e9 },
  clock = new VirtualClock(),
  http = { get: () => Promise.reject(), read: () => Promise.reject() },
  operator = 'operator',
  host = 'host',
  scheduler = requestScheduler(clock, { capacity }),
  onLimited = () => undefined,
}: LogRequestsSetup = {}): LogRequests {
  return new LogRequests(http, { scheduler, operator, host, reuseConnections: true, clock, onLimited });
}
