import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { packageJson } from '../../kernel/package-json.js';
import type { TlsOptions } from '../../config/tls-files.js';
import { OutputError } from '../output-error.js';

/** An answer is read up to this length and time; then its connection is closed. */
const MAX_ANSWER = 64 * 1024;
const MAX_ANSWER_MS = 1000;
/** Octets of the answer that are searched for secrets, and characters of it that messages may show. */
const MAX_SEARCHED = 16 * 1024;
const MAX_EXCERPT = 200;
const MAX_HEADERS = 16 * 1024;

export interface HttpPosterOptions {
  readonly url: URL;
  readonly lookup: LookupFunction;
  readonly tls?: TlsOptions;
  /** Texts that {@link HttpAnswer.excerpt} must not contain, since some receivers repeat the request in the answer. */
  readonly secrets?: readonly string[];
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter?: string;
  /** The beginning of the body on one line, without control characters, at most 200 characters. */
  readonly excerpt: string;
}

/**
 * Sends POST requests to one URL, one after the other, over one connection that is kept open. It follows no redirects and uses no proxy.
 */
export class HttpPoster {
  private readonly agent: Agent;
  private readonly request: typeof httpRequest;
  /** The host and port, for messages. The rest of a URL may contain secrets. */
  private readonly host: string;

  constructor(private readonly options: HttpPosterOptions) {
    const { url, tls } = options;
    const isTls = url.protocol === 'https:';
    const common = { keepAlive: true, maxFreeSockets: 1 };
    this.agent = isTls ? new TlsAgent({ ...common, ...tls }) : new Agent(common);
    this.request = isTls ? httpsRequest : httpRequest;
    this.host = url.port === '' ? `${url.hostname}:${isTls ? 443 : 80}` : url.host;
  }

  /**
   * Sends a body and returns the answer. The status line is what counts: an answer whose body does not end is cut off after a second.
   * @throws OutputError (`OUTPUT_UNREACHABLE`) without an answer; the error of `signal`.
   */
  async post(
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    for (let isRepeated = false; ; isRepeated = true) {
      const request = this.request(this.options.url, {
        method: 'POST',
        agent: this.agent,
        lookup: this.options.lookup,
        maxHeaderSize: MAX_HEADERS,
        signal,
        headers: {
          'user-agent': `certstream-server-nest/${packageJson().version}`,
          accept: '*/*',
          ...headers,
          'content-length': body.length,
        },
      });
      try {
        return await this.readAnswer(await responseOf(request, body), request);
      } catch (error) {
        request.destroy();
        signal.throwIfAborted();
        // The other side may close an idle connection at any time: that says nothing about a new one.
        if (request.reusedSocket && !isRepeated) continue;
        throw unreachable(this.host, error);
      }
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private async readAnswer(response: IncomingMessage, request: ClientRequest): Promise<HttpAnswer> {
    const { statusCode: status = 0, headers } = response;
    const chunks: Buffer[] = [];
    let length = 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_ANSWER_MS);
      response.on('data', (chunk: Buffer) => {
        if (length < MAX_SEARCHED) chunks.push(chunk);
        length += chunk.length;
        if (length > MAX_ANSWER) resolve();
      });
      response.on('error', () => resolve());
      response.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    // The connection of an answer that ends after the request is used again.
    if (!response.complete || !request.writableFinished) request.destroy();
    let text = Buffer.concat(chunks).toString('utf8', 0, MAX_SEARCHED);
    for (const secret of this.options.secrets ?? []) text = text.replaceAll(secret, '***');
    return { status, retryAfter: headers['retry-after'], excerpt: singleLine(text) };
  }
}

/** Returns the error of a connection that cannot be made, or that ends without an answer. @param host for messages, with the port. */
export function unreachable(host: string, error: unknown): Error {
  if (error instanceof CertstreamError) return error;
  return new OutputError('OUTPUT_UNREACHABLE', `${host} does not answer: ${reasonOf(error)}`, {
    cause: error,
  });
}

/** Describes an error of a connection. With several addresses, the error that Node gives has no text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return messageOf(error) || String((error as NodeJS.ErrnoException).code);
}

function responseOf(request: ClientRequest, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Errors after the response, such as that of a body that is no longer read by the other side, change nothing.
    request.on('error', reject);
    request.once('upgrade', () => reject(new Error('the answer switches protocols')));
    request.end(body);
  });
}

/** Returns a text of the other side for messages: without control characters, at most 200 characters. */
export function singleLine(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Z}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_EXCERPT);
}
