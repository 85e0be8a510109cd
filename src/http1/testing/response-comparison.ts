import { once } from 'node:events';
import { get } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Dialer } from '../dialer.js';
import { Http1Transport } from '../http1-transport.js';

/** A response that a parser accepted; undefined if the parser refused it. */
export type Reading = { readonly status: number; readonly body: string } | undefined;

export interface Comparison {
  readonly ours: Reading;
  readonly node: Reading;
  /** Why `ours` is wrong; undefined if it is right. */
  readonly mistake: string | undefined;
}

/** Largest head, larger than the heads of all inputs. */
const MAX_HEADER_BYTES = 32 * 1024;
const MS = 5000;

/**
 * Serves octets over a real socket to the client of this folder and to `node:http`. Each connection receives the pieces one
 * after the other, and then the end.
 */
export class ResponseComparison {
  private pieces: readonly Buffer[] = [];
  private readonly transport = new Http1Transport({
    dialer: new Dialer(),
    connectionsPerOrigin: 4,
    keepAliveMs: MS,
    bodySilenceMs: MS,
    proxies: { proxyFor: () => undefined },
  });

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      socket.on('error', () => undefined).once('data', () => void this.answer(socket));
    });
  }

  static async start(): Promise<ResponseComparison> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ResponseComparison(server);
  }

  /** Compares one response. Calls must not overlap. */
  async run(pieces: readonly Buffer[]): Promise<Comparison> {
    this.pieces = pieces;
    const ours = await this.readWithTransport();
    const node = await this.readWithNode();
    return { ours, node, mistake: mistakeOf(ours, node) };
  }

  stop(): void {
    this.transport.close();
    this.server.close();
  }

  private async answer(socket: Socket): Promise<void> {
    for (const piece of this.pieces) {
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise(setImmediate);
    }
    socket.end();
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private readWithTransport(): Promise<Reading> {
    const url = new URL(`http://127.0.0.1:${this.port}/`);
    return new Promise((resolve) => {
      let status = 0;
      let body = '';
      this.transport.send(
        { url, headers: {}, reuseConnection: false },
        {
          onHead: (code) => (status = code),
          onData: (chunk) => (body += chunk.toString('latin1')),
          onEnd: () => resolve({ status, body }),
          onError: () => resolve(undefined),
        },
      );
    });
  }

  private readWithNode(): Promise<Reading> {
    return new Promise((resolve) => {
      const refuse = (): void => resolve(undefined);
      const request = get({
        host: '127.0.0.1',
        port: this.port,
        agent: false,
        maxHeaderSize: MAX_HEADER_BYTES,
        insecureHTTPParser: true,
      });
      request.on('response', (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
        response.on('error', refuse);
        response.on('end', () =>
          resolve(response.complete ? { status: response.statusCode ?? 0, body } : undefined),
        );
      });
      // Data after the response may cause an error before the end of the response is read.
      request.on('error', () => setImmediate(refuse));
      request.on('close', () => setImmediate(refuse));
    });
  }
}

function mistakeOf(ours: Reading, node: Reading): string | undefined {
  if (ours === undefined) return undefined;
  if (node === undefined) return 'node:http refuses it';
  if (ours.status !== node.status) return `status ${ours.status}, and ${node.status} to node:http`;
  return ours.body === node.body ? undefined : 'another body than node:http reads';
}
