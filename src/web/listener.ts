import type { Server as HttpServer } from 'node:http';
import { createSecureContext } from 'node:tls';
import { readBoundedFile } from '../kernel/bounded-file.js';
import { listenError, type ListenerSection, WebError } from './web-error.js';

/** The files of a listener's certificate. */
export interface TlsFiles {
  /** PEM files; both empty = plain HTTP. */
  readonly cert_path: string;
  readonly cert_key_path: string;
  /** Seconds between two checks of the files; 0 = never. */
  readonly cert_check_seconds: number;
}

/** TLS options for an HTTPS server of Node or Nest. */
export interface ListenerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
  /** Milliseconds. */
  readonly handshakeTimeout: number;
}

/** Limits of a listener for a single connection. */
export interface ConnectionLimits {
  readonly handshake_timeout_seconds: number;
  readonly max_header_bytes: number;
}

/** Size of the largest certificate chain or key that is read. */
const MAX_PEM_BYTES = 1024 * 1024;
/** Milliseconds for the rest of a request after its headers. Requests rarely have a body. */
const BODY_TIMEOUT = 5_000;
/** Milliseconds without data during a request, or before the first request of a connection. */
const SILENCE_TIMEOUT = 30_000;
/** Milliseconds an idle HTTP connection stays open between two requests. */
const KEEP_ALIVE_TIMEOUT = 10_000;
/** Milliseconds between two checks for connections that exceeded a timeout. */
const TIMEOUT_CHECK = 1_000;

/**
 * Returns the TLS options of a listener, or undefined for plain HTTP.
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
 * Reads the certificate and the key, and checks that they belong together.
 * @param handshakeTimeout milliseconds.
 * @throws WebError `WEB_TLS_UNUSABLE`, as {@link tlsOptions} does.
 */
export async function readTlsFiles(
  { cert_path: certPath, cert_key_path: keyPath }: TlsFiles,
  handshakeTimeout: number,
): Promise<ListenerTls> {
  try {
    const [cert, key] = await Promise.all(
      [certPath, keyPath].map((path) => readBoundedFile(path, MAX_PEM_BYTES)),
    );
    const options = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout } as const;
    createSecureContext(options);
    return options;
  } catch (cause) {
    const files = `certificate "${certPath}" and key "${keyPath}"`;
    throw new WebError('WEB_TLS_UNUSABLE', `cannot use ${files}: ${(cause as Error).message}`, { cause });
  }
}

/** Limits the resources of each connection. `ws` removes the timeouts of a connection that it upgrades. */
export function limitServer(server: HttpServer, limits: ConnectionLimits): void {
  const headersTimeout = limits.handshake_timeout_seconds * 1000;
  server.headersTimeout = headersTimeout;
  server.requestTimeout = headersTimeout + BODY_TIMEOUT;
  // Nest does not pass these options to the constructor. Node reads both properties when it needs them, so they can be set here.
  Object.assign(server, {
    maxHeaderSize: limits.max_header_bytes,
    connectionsCheckingInterval: TIMEOUT_CHECK,
  });
  server.timeout = SILENCE_TIMEOUT;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT;
  // 0 = any number. Otherwise Node silently drops the last headers, even one that a proxy appended. Their size is bounded.
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
    // Workers of node:cluster would share the port otherwise, and each would follow all logs.
    server.listen({ port, host: address, exclusive: true }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
