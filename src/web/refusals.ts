import type { ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { ProblemLog } from '../logging/problem-log.js';
import { sendError } from './json-response.js';
import { REFUSAL_REASONS, type Refusal, type RefusalReason } from './refusal.js';

/** What makes reasons readable in the log. */
const TEXTS: Readonly<Record<RefusalReason, string>> = {
  whitelist: 'not on webserver.whitelist',
  metrics_whitelist: 'not on prometheus.whitelist',
  origin: 'an origin that is not in webserver.allowed_origins',
  token_missing: 'no access token',
  token_unknown: 'an unknown access token',
  token_stream: 'an access token that does not open the stream',
  token_connections: 'the max_connections of an access token',
  connections: 'webserver.limits.max_connections',
  address_connections: 'webserver.limits.max_connections_per_address',
  handshake_rate: 'webserver.limits.handshakes_per_second',
  address_handshake_rate: 'webserver.limits.handshakes_per_second_per_address',
  address_request_rate: 'webserver.limits.requests_per_second_per_address',
  pipelined_requests: 'webserver.limits.max_pipelined_requests',
  pending_connections: 'webserver.limits.max_pending_connections',
  address_pending_connections: 'webserver.limits.max_pending_connections_per_address',
  malformed_request: 'a malformed HTTP request',
  header_size: 'webserver.limits.max_header_bytes',
  timeout: 'a request that was not complete in time',
  client_frames: 'webserver.limits.frames_per_second_per_client',
  client_bytes: 'webserver.limits.bytes_per_second_per_client',
};

/** Reasons that the internet causes all day long: counted, and logged for those who look closely. */
const COMMON: ReadonlySet<RefusalReason> = new Set(['malformed_request', 'header_size', 'timeout']);

/** Reasons for which clients were closed that had been let in: one address may have many, so each is told of for itself. */
const OF_CLIENTS: ReadonlySet<RefusalReason> = new Set(['client_frames', 'client_bytes']);
/** Addresses of such clients that have log lines of their own at a time. */
const MAX_NAMED_ADDRESSES = 100;

/** Counts who was turned away and says so once per reason and token, or address. */
@Injectable()
export class Refusals {
  readonly counts = new Map<RefusalReason, number>(REFUSAL_REASONS.map((reason) => [reason, 0]));
  private readonly logger = new Logger(Refusals.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly clients = new ProblemLog(this.logger, { capacity: MAX_NAMED_ADDRESSES });

  /**
   * @param address of the client that was refused.
   * @param token name of the access token that the refusal is about; each token has log lines of its own.
   */
  count(reason: RefusalReason, address: string, token?: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    const message = `refused for ${TEXTS[reason]}`;
    if (COMMON.has(reason)) this.logger.debug(message, { address });
    else if (OF_CLIENTS.has(reason)) this.clients.report(`${reason} ${address}`, message, { address });
    else if (token === undefined) this.problems.report(reason, message, { address });
    else this.problems.report(`${reason} ${token}`, message, { token, address });
  }

  answer(response: ServerResponse, refusal: Refusal, address: string): void {
    this.count(refusal.reason, address, refusal.token);
    sendError(response, refusal.status, refusal.message, refusal.headers);
  }
}
