import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';

import type { CertstreamConfig } from '../../config/config-schema.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { UsageError } from '../usage-error.js';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_VALUES = 200_000;
const PATH = 'api/outputs';

/** The part of `/api/outputs` that `certstream-server outputs` prints. */
const answer = z.object({
  outputs: z.array(
    z.looseObject({
      name: z.string(),
      type: z.string().nullable(),
      position: z.looseObject({ seq: z.number(), time: z.string() }),
      backlog: z.looseObject({ entries: z.number(), bytes: z.number(), seconds: z.number() }),
      failing_since: z.string().nullable(),
      last_error: z
        .looseObject({ code: z.string(), message: z.string().nullable(), time: z.string() })
        .nullable(),
      member: z.string().nullable(),
    }),
  ),
});

export type ServerOutputs = z.infer<typeof answer>['outputs'];

/** Where a server is reached. */
export interface ServerAddress {
  /** URL of the server with / at its end; errors contain it. */
  readonly url: string;
  /** UNIX socket to connect to, in place of the host of the URL. */
  readonly socketPath?: string;
}

/**
 * `SERVER_UNREACHABLE`: no answer came from the URL of the server. `SERVER_REFUSED`: the answer is an error, or not the one of this
 * server.
 */
export class ServerError extends CertstreamError {
  constructor(
    readonly reason: 'SERVER_UNREACHABLE' | 'SERVER_REFUSED',
    message: string,
    cause?: unknown,
  ) {
    super(reason, message, { cause });
  }
}

/**
 * Returns the address of the server that a configuration describes, or of `--url`.
 * @throws UsageError
 */
export function serverAddress(url: string | undefined, { webserver }: CertstreamConfig): ServerAddress {
  if (url !== undefined) {
    const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
    const http = written.replace(/^ws(s?):\/\//i, 'http$1://');
    if (!URL.canParse(http) || !/^https?:\/\/[^/]/i.test(http))
      throw new UsageError(
        `--url ${JSON.stringify(url)} is not the URL of a server; use for example https://certstream.example.com/`,
      );
    const { origin, pathname } = new URL(http);
    return { url: `${origin}${pathname.replace(/\/*$/, '/')}` };
  }
  if (webserver.listen_socket === '' && webserver.cert_path !== '')
    throw new UsageError(
      'this server uses TLS; name it as in its certificate: --url https://certstream.example.com/',
    );
  return localAddress(webserver);
}

/** Returns the address at which a server is reached from its own machine. Its certificate does not name this address. */
export function localAddress(webserver: CertstreamConfig['webserver']): ServerAddress {
  const { listen_socket: socketPath, listen_addr: address, listen_port: port } = webserver;
  if (socketPath !== '') return { url: 'http://localhost/', socketPath };
  const scheme = webserver.cert_path === '' ? 'http' : 'https';
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return { url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/` };
}

/** Returns the first token of the configuration that opens everything, if its text is there. */
export function ownToken({ auth }: CertstreamConfig): string | undefined {
  return auth.tokens.find(
    ({ token, streams, filter }) =>
      token !== '' && streams.includes('full') && Object.keys(filter).length === 0,
  )?.token;
}

/** Requests the outputs of a running server. @throws ServerError */
export async function fetchOutputs(
  address: ServerAddress,
  token: string | undefined,
): Promise<ServerOutputs> {
  return (await fetchDocument(address, PATH, answer, token)).outputs;
}

/** Requests the JSON document of a page of a running server. @throws ServerError */
export async function fetchDocument<T>(
  { url, socketPath }: ServerAddress,
  path: string,
  schema: z.ZodType<T>,
  token: string | undefined,
): Promise<T> {
  const page = new URL(path, url);
  const { status, body } = await getPage(page, {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    ...(socketPath !== undefined && { socketPath }),
  });
  const json = parsedJson(body);
  const said = z.object({ error: z.string(), code: z.string() }).safeParse(json).data;
  if (status === 404 && said?.code !== 'API_NO_CLUSTER')
    throw refused(
      `${page.href}: the server has no such page; it is older, or webserver.api_enabled is false`,
    );
  const parsed = schema.safeParse(json);
  if (status === 200 && parsed.success) return parsed.data;
  throw refused(
    `${page.href} answered with status ${status}${said ? `: ${said.error}` : ', and not as a certstream server'}`,
  );
}

/** Requests a page of a server, within ten seconds and 4 MiB. @throws ServerError `SERVER_UNREACHABLE` */
export function getPage(
  url: URL,
  options: RequestOptions & { readonly rejectUnauthorized?: boolean },
): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const { code } = error as NodeJS.ErrnoException;
      const reason = messageOf(error) || (code ?? error.name);
      reject(new ServerError('SERVER_UNREACHABLE', `no server answers at ${url.origin}: ${reason}`, error));
    };
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = make(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
      bodyOf(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), fail);
    });
    request.on('error', fail).end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parsedJson(body: Buffer): unknown {
  try {
    return parseBoundedJson(body, { maxStructure: MAX_VALUES });
  } catch {
    return undefined;
  }
}

function refused(message: string): ServerError {
  return new ServerError('SERVER_REFUSED', message);
}
