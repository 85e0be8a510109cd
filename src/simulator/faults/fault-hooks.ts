import type { ServerResponse } from 'node:http';
import type { Reply } from '../log/reply.js';
import type { IncomingLogRequest, LogRequestContext } from '../log/request-context.js';

/** A reply that a fault sends in its own way. */
export interface Delivery {
  readonly reply: Reply;
  readonly response: ServerResponse;
  /** Settles when the fault is released or removed. */
  readonly released: Promise<void>;
  /** Aborted when the client or the simulator closes the connection. */
  readonly signal: AbortSignal;
}

/** The places where a fault can act on a request; those left out change nothing. */
export interface FaultHooks {
  /** A condition of the fault itself; a request it turns down is not counted. */
  applies?(request: IncomingLogRequest): boolean;
  /** Changes what the answer is made from. Only for requests to a log, not for the log list. */
  prepare?(context: LogRequestContext): void;
  /** Changes the finished answer. */
  reply?(reply: Reply, request: IncomingLogRequest): Reply;
  /** Sends the answer; the last fault that has this hook does it. */
  send?(delivery: Delivery): Promise<void>;
}
