import type { CertstreamConfig } from '../config/config-schema.js';

/** How long the server waits for its clients, milliseconds. */
export interface StreamTimings {
  /** Between two pings to one client. */
  readonly pingInterval: number;
  /** Silence after which a client counts as gone. */
  readonly idleTimeout: number;
  /** For the answer to a Close frame, before the connection is cut. */
  readonly closeTimeout: number;
  /** Between two looks at all clients; the precision of the others. */
  readonly checkInterval: number;
}

/** The Go server's ping interval and read deadline. */
export const DEFAULT_STREAM_TIMINGS: StreamTimings = {
  pingInterval: 30_000,
  idleTimeout: 65_000,
  closeTimeout: 5_000,
  checkInterval: 1_000,
};

/** As configured; the rest as by default. */
export function streamTimings({ webserver: { limits } }: Pick<CertstreamConfig, 'webserver'>): StreamTimings {
  return {
    ...DEFAULT_STREAM_TIMINGS,
    pingInterval: limits.ping_interval_seconds * 1000,
    idleTimeout: limits.idle_timeout_seconds * 1000,
  };
}

/** Injection token of {@link StreamTimings}. */
export const STREAM_TIMINGS = Symbol('STREAM_TIMINGS');
