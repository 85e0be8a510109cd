import { readFile } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { createSecureContext } from 'node:tls';
import { listenError, type ListenerSection, WebError } from './web-error.js';

/** Where one listener listens, and with which certificate. */
export interface ListenerConfig {
  readonly listen_addr: string;
  readonly listen_port: number;
  /** PEM files; both empty = plain HTTP. */
  readonly cert_path: string;
  readonly cert_key_path: string;
}

/** What an HTTPS server of Node and of Nest takes. */
export interface ListenerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
  /** Milliseconds. */
  readonly handshakeTimeout: number;
}

/** Milliseconds a client may take for its request headers, and for a TLS handshake. */
const HEADERS_TIMEOUT = 10_000;
/** Milliseconds for a whole request; bodies are never expected. */
const REQUEST_TIMEOUT = 15_000;
/** Milliseconds of silence in the middle of a request, or before the first one. */
const SILENCE_TIMEOUT = 30_000;
/** Milliseconds an idle HTTP connection stays open between two requests. */
const KEEP_ALIVE_TIMEOUT = 10_000;

/**
 * TLS options of a listener, or undefined for plain HTTP.
 * @throws WebError `WEB_TLS_UNUSABLE` when the files are missing or do not belong together.
 */
export async function tlsOptions(listener: ListenerConfig): Promise<ListenerTls | undefined> {
  const { cert_path: certPath, cert_key_path: keyPath } = listener;
  if (certPath === '' && keyPath === '') return undefined;
  try {
    const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
    const options = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_TIMEOUT } as const;
    createSecureContext(options);
    return options;
  } catch (cause) {
    const files = `certificate "${certPath}" and key "${keyPath}"`;
    throw new WebError('WEB_TLS_UNUSABLE', `cannot use ${files}: ${(cause as Error).message}`, { cause });
  }
}

/** Limits for what a client may hold on to. `ws` takes the timeouts off a connection it upgrades. */
export function limitServer(server: HttpServer): void {
  server.headersTimeout = HEADERS_TIMEOUT;
  server.requestTimeout = REQUEST_TIMEOUT;
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
