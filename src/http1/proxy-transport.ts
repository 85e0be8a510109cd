import { createRequire } from 'node:module';
import { connect } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import { CertstreamError } from '../kernel/certstream-error.js';
import {
  type GiveUp,
  HttpTimeoutError,
  type HttpTransport,
  type OutgoingRequest,
  READ_FIELDS,
  type ResponseFields,
  type ResponseReceiver,
  type TransportOptions,
} from './http-transport.js';

const require = createRequire(import.meta.url);
const TCP_KEEP_ALIVE_MS = 60_000;
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

  constructor(private readonly options: TransportOptions) {
    this.dispatcher = this.agent(1);
  }

  send({ url, headers, reuseConnection }: OutgoingRequest, receiver: ResponseReceiver): GiveUp {
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
    const { connectionsPerOrigin, connectMs, keepAliveMs, bodySilenceMs } = this.options;
    const { EnvHttpProxyAgent, Pool } = undici();
    const dial = dialing(this.options);
    try {
      return new EnvHttpProxyAgent({
        connections: connectionsPerOrigin,
        pipelining,
        keepAliveTimeout: keepAliveMs,
        connect: dial,
        requestTls: { timeout: connectMs },
        clientFactory: (origin, options) =>
          new Pool(origin, { ...options, connect: dial, headersTimeout: connectMs }),
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

function undici(): typeof import('undici') {
  return require('undici') as typeof import('undici');
}

/** Makes connections for undici, to proxies and to what needs none. */
function dialing({ dialer, connectMs }: TransportOptions): buildConnector.connector {
  const secure = undici().buildConnector({ timeout: connectMs });
  return (options, callback) => {
    const { hostname, port, protocol } = options;
    const end = (error: Error): void => {
      clearTimeout(timer);
      callback(error, null);
    };
    const timer = setTimeout(() => {
      const reason = dial.describe();
      dial.cancel();
      end(new HttpTimeoutError(reason));
    }, connectMs);
    const dial = dialer.dial({
      host: hostname.replace(/^\[|\]$/g, ''),
      open: (address) =>
        connect({
          host: address,
          port: Number(port) || (protocol === 'https:' ? 443 : 80),
          noDelay: true,
          keepAlive: true,
          keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
        }),
      onConnect: (socket) => {
        clearTimeout(timer);
        if (protocol === 'https:') secure({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      onError: end,
    });
  };
}

class ReceiverHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private isGivenUp = false;

  constructor(private readonly receiver: ResponseReceiver) {}

  giveUp(): string | undefined {
    this.isGivenUp = true;
    this.controller?.abort(new Error('given up'));
    return this.controller === undefined ? 'there is no connection, to the proxy or through it' : undefined;
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
