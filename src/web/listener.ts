import { readFile } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { createSecureContext } from 'node:tls';
import { listenError, type ListenerSection, WebError } from './web-error.js';

/** The files of a listener's certificate. */
export interface TlsFiles {
  /** PEM files; both empty = plain HTTP. */
  readonly cert_path: string;
  readonly cert_key_path: string;
  /** 0 = never. */
  readonly cert_check_seconds: number;
}

/** What an HTTPS server of Node and of Nest takes. */
export interface ListenerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
  /** Milliseconds. */
  readonly handshakeTimeout: number;
}

/** The limits of a listener that concern a single connection. */
export interface ConnectionLimits {
  readonly handshake_timeout_seconds: number;
  readonly max_header_bytes: number;
}

/** Milliseconds for the rest of a request behind its headers; bodies are never expected. */
const BODY_TIMEOUT = 5_000;
/** Milliseconds of silence in the middle of a request, or before the first one. */
const SILENCE_TIMEOUT = 30_000;
/** Milliseconds an idle HTTP connection stays open between two requests. */
const KEEP_ALIVE_TIMEOUT = 10_000;
/** Milliseconds between two looks for connections whose time is up, at most. */
const TIMEOUT_CHECK = 1_000;

/**
 * TLS options of a listener, or undefined for plain HTTP.
 * @throws WebError `WEB_TLS_UNUSABLE` when the files are missing or do not belong together.
 */
export async function tlsOptions(
  listener: TlsFiles,
  limits: ConnectionLimits,
): Promise<ListenerTls | undefined> {
  if (listener.cert_path === '' && listener.cert_key_path === '') return undefined;
  return readTlsFiles(listener, limits.handshake_timeout_seconds * 1000);
}

/**
 * @param handshakeTimeout milliseconds.
 * @throws WebError `WEB_TLS_UNUSABLE`, as {@link tlsOptions}.
 */
export async function readTlsFiles(
  { cert_path: certPath, cert_key_path: keyPath }: TlsFiles,
  handshakeTimeout: number,
): Promise<ListenerTls> {
  try {
    const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
    const options = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout } as const;
    createSecureContext(options);
    return options;
  } catch (cause) {
    const files = `certificate "${certPath}" and key "${keyPath}"`;
    throw new WebError('WEB_TLS_UNUSABLE', `cannot use ${files}: ${(cause as Error).message}`, { cause });
  }
}

/** Limits for what a client may hold on to. `ws` takes the timeouts off a connection it upgrades. */
export function limitServer(server: HttpServer, limits: ConnectionLimits): void {
  const headersTimeout = limits.handshake_timeout_seconds * 1000;
  server.headersTimeout = headersTimeout;
  server.requestTimeout = headersTimeout + BODY_TIMEOUT;
  // Options of the constructor, which Nest does not pass on; both are read when they are needed.
  Object.assign(server, {
    maxHeaderSize: limits.max_header_bytes,
    connectionsCheckingInterval: TIMEOUT_CHECK,
  });
  server.timeout = SILENCE_TIMEOUT;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT;
  // Node drops the headers beyond a limit without a word, that of a proxy last in line included. Their bytes are bounded.
  server.maxHeadersCount = 0;
}

/**
 * Starts listening.
 * @throws WebError `WEB_PORT_IN_USE` or `WEB_LISTEN_FAILED`.
 */
export async function listen(
  server: HttpServer,
  section: ListenerSection,
  address: string,
  port: number,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown) => reject(listenError(section, address, port, cause));
    server.once('error', fail);
    server.listen(port, address, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
