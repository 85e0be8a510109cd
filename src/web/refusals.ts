import type { ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { ProblemLog } from '../logging/problem-log.js';
import { sendError } from './json-response.js';
import { REFUSAL_REASONS, type Refusal, refusalCode, type RefusalReason } from './refusal.js';

/** The reasons as the log shows them. */
const TEXTS: Readonly<Record<RefusalReason, string>> = {
  whitelist: 'address not on webserver.whitelist',
  metrics_whitelist: 'address not on prometheus.whitelist',
  origin: 'origin not in webserver.allowed_origins',
  host: 'name in the header Host not in webserver.allowed_hosts',
  token_missing: 'no access token',
  token_unknown: 'unknown access token',
  token_stream: 'the access token does not open the stream',
  token_connections: 'over max_connections of the access token',
  connections: 'over webserver.limits.max_connections',
  address_connections: 'over webserver.limits.max_connections_per_address',
  handshake_rate: 'over webserver.limits.handshakes_per_second',
  address_handshake_rate: 'over webserver.limits.handshakes_per_second_per_address',
  address_request_rate: 'over webserver.limits.requests_per_second_per_address',
  pipelined_requests: 'over webserver.limits.max_pipelined_requests',
  pending_connections: 'over webserver.limits.max_pending_connections',
  address_pending_connections: 'over webserver.limits.max_pending_connections_per_address',
  malformed_request: 'malformed HTTP request',
  header_size: 'over webserver.limits.max_header_bytes',
  timeout: 'the request was not complete in time',
  client_frames: 'over webserver.limits.frames_per_second_per_client',
  client_bytes: 'over webserver.limits.bytes_per_second_per_client',
  ingest_member: 'for a stream of a member of the cluster that serves none',
};

/** Reasons that occur all the time on the internet. They are counted, and logged only at the level `debug`. */
const COMMON: ReadonlySet<RefusalReason> = new Set(['malformed_request', 'header_size', 'timeout']);

/** Reasons for which connected clients are closed. Each address with such clients has its own log lines. */
const OF_CLIENTS: ReadonlySet<RefusalReason> = new Set(['client_frames', 'client_bytes']);
/** Largest number of addresses of such clients that have their own log lines at a time. */
const MAX_NAMED_ADDRESSES = 100;

/** Counts every refusal. Logs each problem once: per reason, or per reason and token or address. */
@Injectable()
export class Refusals {
  readonly counts = new Map<RefusalReason, number>(REFUSAL_REASONS.map((reason) => [reason, 0]));
  private readonly logger = new Logger(Refusals.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly clients = new ProblemLog(this.logger, { capacity: MAX_NAMED_ADDRESSES });

  /**
   * @param address of the refused client.
   * @param token name of the access token that caused the refusal. Each token has its own log lines.
   */
  count(reason: RefusalReason, address: string, token?: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    const message = `refused: ${TEXTS[reason]}`;
    if (COMMON.has(reason)) this.logger.debug(message, { address });
    else if (OF_CLIENTS.has(reason)) this.clients.report(`${reason} ${address}`, message, { address });
    else if (token === undefined) this.problems.report(reason, message, { address });
    else this.problems.report(`${reason} ${token}`, message, { token, address });
  }

  answer(response: ServerResponse, refusal: Refusal, address: string): void {
    this.count(refusal.reason, address, refusal.token);
    sendError(response, refusal.status, refusal.message, refusal.headers, refusalCode(refusal.reason));
  }
}
