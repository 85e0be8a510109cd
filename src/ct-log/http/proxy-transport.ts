import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';
import { CertstreamError } from '../../certstream-error.js';
import {
  HttpTimeoutError,
  type HttpTransport,
  type OutgoingRequest,
  READ_FIELDS,
  type ResponseFields,
  type ResponseReceiver,
  type TransportOptions,
} from './http-transport.js';

const require = createRequire(import.meta.url);
/**
 * For TCP, TLS and the proxy's answer to CONNECT, each: requests that are given up do not end the connection that is
 * made for them, and it counts until it fails.
 */
const MAX_CONNECT_MS = 10_000;
const VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];

/** Whether the environment asks for a proxy. */
export function isProxied(): boolean {
  return VARIABLES.some((name) => process.env[name]);
}

/**
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY as undici understands them; loaded only for those who have a proxy.
 * @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy.
 */
export class ProxyTransport implements HttpTransport {
  private readonly dispatcher: Dispatcher;
  /** Without kept connections; made for the first request that wants none. */
  private closing: Dispatcher | undefined;

  constructor(
    private readonly options: TransportOptions,
    private readonly maxConnectMs = MAX_CONNECT_MS,
  ) {
    this.dispatcher = this.agent(1);
  }

  send({ url, headers, reuseConnection }: OutgoingRequest, receiver: ResponseReceiver): () => void {
    const dispatcher = reuseConnection ? this.dispatcher : (this.closing ??= this.agent(0));
    const handler = new ReceiverHandler(receiver);
    const { origin, pathname, search } = url;
    dispatcher.dispatch({ origin, path: pathname + search, method: 'GET', headers }, handler);
    return () => handler.giveUp();
  }

  async close(): Promise<void> {
    await Promise.all([this.dispatcher.destroy(), this.closing?.destroy()]);
  }

  private agent(pipelining: 0 | 1): Dispatcher {
    const { connectionsPerOrigin, keepAliveMs, bodySilenceMs } = this.options;
    const { maxConnectMs } = this;
    const { EnvHttpProxyAgent, Pool } = require('undici') as typeof import('undici');
    try {
      return new EnvHttpProxyAgent({
        connections: connectionsPerOrigin,
        pipelining,
        keepAliveTimeout: keepAliveMs,
        connect: { timeout: maxConnectMs },
        clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: maxConnectMs }),
        headersTimeout: 0,
        bodyTimeout: bodySilenceMs,
      });
    } catch (cause) {
      throw new CertstreamError(
        'CONFIG_PROXY',
        'HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy; write it like http://proxy.example:3128',
        { cause },
      );
    }
  }
}

class ReceiverHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private isGivenUp = false;

  constructor(private readonly receiver: ResponseReceiver) {}

  giveUp(): void {
    this.isGivenUp = true;
    this.controller?.abort(new Error('given up'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isGivenUp) controller.abort(new Error('given up'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.isGivenUp) return;
    const fields: ResponseFields = {};
    for (const name of READ_FIELDS) {
      const value = headers[name];
      fields[name] = Array.isArray(value) ? value[0] : value;
    }
    this.receiver.onHead(status, fields);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isGivenUp) this.receiver.onData(chunk);
  }

  onResponseEnd(): void {
    if (!this.isGivenUp) this.receiver.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.isGivenUp) return;
    const isTimeout = /^UND_ERR_(HEADERS|BODY|CONNECT)_TIMEOUT$/.test(
      (error as NodeJS.ErrnoException).code ?? '',
    );
    this.receiver.onError(isTimeout ? new HttpTimeoutError(error.message, { cause: error }) : error);
  }
}
