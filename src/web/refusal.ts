import type { OutgoingHttpHeaders } from 'node:http';

/** Every reason for which somebody is turned away; the values of the `reason` label of a metric. */
export const REFUSAL_REASONS = [
  'whitelist',
  'metrics_whitelist',
  'origin',
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
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Why a request is not served, and what it is answered. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** HTTP status code. */
  readonly status: number;
  /** For the client; default: the standard phrase of the status. */
  readonly message?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Name of the access token that it concerns, for the log. */
  readonly token?: string;
}

/** Seconds after which a client may try again when others have to leave first. */
const RETRY_CONNECTIONS = 30;

/** 403. */
export function forbidden(reason: RefusalReason, message?: string): Refusal {
  return { reason, status: 403, message };
}

/**
 * 429 for what one address or token has too much of, 503 for what all have together (RFC 6585, 4; RFC 9110, 15.6.4).
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
