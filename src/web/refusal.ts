import type { OutgoingHttpHeaders } from 'node:http';

/** All reasons for which a client is refused. They are the values of the metric label `reason`. */
export const REFUSAL_REASONS = [
  'whitelist',
  'metrics_whitelist',
  'origin',
  'host',
  'token_missing',
  'token_unknown',
  'token_stream',
  'token_connections',
  'connections',
  'address_connections',
  'handshake_rate',
  'address_handshake_rate',
  'address_request_rate',
  'pipelined_requests',
  'pending_connections',
  'address_pending_connections',
  'malformed_request',
  'header_size',
  'timeout',
  'client_frames',
  'client_bytes',
  'ingest_member',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Returns the code in the answer to a refused request: its reason in capitals. */
export function refusalCode(reason: RefusalReason): string {
  return reason.toUpperCase();
}

/** The reason why a request is refused, and the answer to it. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** HTTP status code. */
  readonly status: number;
  /** Error text for the client; default: the standard phrase of the status. */
  readonly message?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Name of the access token that caused the refusal, for the log. */
  readonly token?: string;
}

/** Seconds in `Retry-After` if the client can connect only after other connections have ended. */
export const RETRY_CONNECTIONS = 30;

/** Text for a request whose header `Host` names another server. */
export const HOST_UNKNOWN = 'this server does not answer for this Host; see webserver.allowed_hosts';

/** Returns a refusal with status 403. */
export function forbidden(reason: RefusalReason, message?: string): Refusal {
  return { reason, status: 403, message };
}

/**
 * Returns a refusal for an exceeded limit.
 * @param status 429 for a limit of one address or token, 503 for a limit of all clients (RFC 6585, 4; RFC 9110, 15.6.4).
 * @param retryAfter seconds.
 */
export function overLimit(
  reason: RefusalReason,
  status: 429 | 503,
  message: string,
  retryAfter = RETRY_CONNECTIONS,
): Refusal {
  return { reason, status, message, headers: { 'Retry-After': retryAfter } };
}
