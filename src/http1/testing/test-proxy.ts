import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface TestProxyOptions {
  /** Certificate and key in PEM. If they are given, clients connect to the proxy over TLS. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  /** Required value of Proxy-Authorization. The proxy answers requests without it with 407. */
  readonly authorization?: string;
}

/** A forward proxy on 127.0.0.1 for CONNECT and for requests in absolute-form. */
export class TestProxy {
  /** Request lines in order of arrival. */
  readonly requests: string[] = [];
  /** Connections of clients and of tunnels. */
  readonly sockets = new Set<Socket>();
  connections = 0;
  /** Handles a request in absolute-form instead of forwarding it. */
  onRequest: ((response: ServerResponse) => void) | undefined;
  /** Handles the connection of a CONNECT request instead of opening a tunnel. */
  onConnect: ((socket: Socket) => void) | undefined;
  private readonly server: Server;

  private constructor(private readonly options: TestProxyOptions) {
    const { tls } = options;
    this.server = tls ? createSecureServer({ cert: tls.certPem, key: tls.keyPem }) : createServer();
    this.server
      .on('connection', (socket: Socket) => {
        this.connections++;
        this.keep(socket);
      })
      .on('request', (message, response) => this.forward(message, response))
      .on('connect', (message, socket) => this.tunnel(message, socket as Socket));
  }

  static async start(options: TestProxyOptions = {}): Promise<TestProxy> {
    const proxy = new TestProxy(options);
    await proxy.listen();
    return proxy;
  }

  /** Listens, also again after {@link stop}. @param port 0 for any free port. */
  async listen(port = 0): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private isRefused({ headers, method, url }: IncomingMessage): boolean {
    this.requests.push(`${method} ${url}`);
    const { authorization } = this.options;
    return authorization !== undefined && headers['proxy-authorization'] !== authorization;
  }

  private forward(message: IncomingMessage, response: ServerResponse): void {
    if (this.isRefused(message)) return void response.writeHead(407).end();
    if (this.onRequest !== undefined) return this.onRequest(response);
    const { 'proxy-authorization': _own, ...headers } = message.headers;
    request(message.url ?? '', { headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    })
      .on('error', () => response.writeHead(502).end())
      .end();
  }

  private tunnel(message: IncomingMessage, socket: Socket): void {
    socket.on('error', () => undefined).on('end', () => socket.end());
    if (this.isRefused(message)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    if (this.onConnect !== undefined) return this.onConnect(socket.resume());
    const { hostname, port } = new URL(`http://${message.url}`);
    const origin = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 80 });
    this.keep(origin);
    origin.on('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(origin).pipe(socket);
    });
    origin.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'));
    origin.on('close', () => socket.destroy());
    socket.on('close', () => origin.destroy());
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
  }
}
