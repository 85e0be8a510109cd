import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { StandIn } from './stand-in.js';
import type { StoredMessage } from './test-broker.js';

export interface NsqdFakeOptions {
  readonly api: 'tcp' | 'http';
  /** `--max-msg-size` and `--max-body-size` */
  readonly maxMessage?: number;
  readonly maxBody?: number;
  /** `--tls-key` and `--tls-cert` */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** How the next MPUB is treated. `lost-answer`: stored, and the connection is closed without an answer. An error frame or status otherwise. */
export type NsqdFault = 'lost-answer' | 'close' | { readonly error: string; readonly status?: number };

/** A stand-in for nsqd in this process: IDENTIFY, MPUB, NOP and heartbeats of its TCP protocol, or `POST /mpub` of its HTTP API. */
export class NsqdFake extends StandIn {
  readonly faults: NsqdFault[] = [];
  /** The lines of the commands, with the JSON of IDENTIFY. */
  readonly commands: string[] = [];

  private constructor(private readonly options: NsqdFakeOptions) {
    super();
  }

  static async start(options: NsqdFakeOptions): Promise<NsqdFake> {
    const fake = new NsqdFake(options);
    await fake.restart();
    return fake;
  }

  get settings(): Readonly<Record<string, unknown>> {
    const { api, tls } = this.options;
    const scheme = tls === undefined ? 'http://' : 'https://';
    const address = `${api === 'http' ? scheme : ''}127.0.0.1:${this.port}`;
    return { type: 'nsq', address, topic: 'certstream' };
  }

  protected createServer(): Server {
    const { api, tls } = this.options;
    if (api === 'tcp') return createServer((socket) => void this.serve(socket).catch(() => socket.destroy()));
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.answer(request, response).catch(() => response.destroy());
    };
    return tls === undefined ? createHttpServer(answer) : createHttpsServer(tls, answer);
  }

  /** Sends a heartbeat on every connection. The answer is in {@link commands}. */
  heartbeat(): void {
    for (const socket of this.sockets) socket.write(frame(0, '_heartbeat_'));
  }

  private async serve(plain: Socket): Promise<void> {
    let input = new Octets(plain);
    let socket = plain;
    if ((await input.take(4)).toString() !== '  V2') throw new Error('no magic');
    for (;;) {
      const line = await input.line();
      await this.paused;
      const [name, topic] = line.split(' ');
      if (name === 'NOP') this.commands.push(line);
      else if (name === 'IDENTIFY') {
        const json = (await input.take((await input.take(4)).readUInt32BE())).toString();
        this.commands.push(`${line} ${json}`);
        const wantsTls = (JSON.parse(json) as { tls_v1: boolean }).tls_v1 && this.options.tls !== undefined;
        socket.write(frame(0, JSON.stringify({ version: '1.3.0', tls_v1: wantsTls })));
        if (!wantsTls) continue;
        input.detach();
        socket = new TLSSocket(plain, { isServer: true, ...this.options.tls });
        socket.on('error', () => undefined);
        input = new Octets(socket);
        await once(socket, 'secure');
        socket.write(frame(0, 'OK'));
      } else if (name === 'MPUB') {
        this.commands.push(line);
        const answer = await this.publish(topic, input);
        if (answer === undefined) socket.destroy();
        else if (answer.isFatal) socket.end(answer.frame);
        else socket.write(answer.frame);
      } else throw new Error(`unknown command ${line}`);
    }
  }

  /** Reads the body of MPUB. @returns the answer; undefined for none. As with nsqd, fatal errors close the connection. */
  private async publish(
    topic: string,
    input: Octets,
  ): Promise<{ frame: Buffer; isFatal: boolean } | undefined> {
    const { maxBody = 5 << 20 } = this.options;
    const size = (await input.take(4)).readUInt32BE();
    if (size > maxBody)
      return { frame: frame(1, `E_BAD_BODY MPUB body too big ${size} > ${maxBody}`), isFatal: true };
    const error = this.store(topic, await input.take(size));
    if (error === undefined) return { frame: frame(0, 'OK'), isFatal: false };
    return error === 'lost-answer' || error === 'close'
      ? undefined
      : { frame: frame(1, error), isFatal: true };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.paused;
    const { maxBody = 5 << 20 } = this.options;
    const url = new URL(request.url ?? '', 'http://nsqd');
    this.commands.push(`${request.method} ${request.url}`);
    const json = (status: number, message: string): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    if (url.pathname !== '/mpub' || url.searchParams.get('binary') !== 'true') {
      json(404, 'NOT_FOUND');
      return;
    }
    const body = await buffer(request);
    if (body.length > maxBody) {
      json(413, 'BODY_TOO_BIG');
      return;
    }
    const status = typeof this.faults[0] === 'object' ? this.faults[0].status : undefined;
    const error = this.store(url.searchParams.get('topic') ?? '', body);
    if (error === undefined) response.end('OK');
    else if (error === 'lost-answer' || error === 'close') response.socket?.destroy();
    else json(status ?? 413, error.replace(/^E_/, '').split(' ')[0]);
  }

  /** Stores all messages of a body or none. @returns the fault. */
  private store(topic: string, body: Buffer): string | undefined {
    const fault = this.faults.shift();
    if (fault === 'close') return fault;
    if (typeof fault === 'object') return fault.error;
    const { maxMessage = 1 << 20 } = this.options;
    const messages: StoredMessage[] = [];
    let at = 4;
    for (let left = body.readUInt32BE(); left > 0; left--) {
      const size = body.readUInt32BE(at);
      if (size === 0 || size > maxMessage)
        return `E_BAD_MESSAGE MPUB message too big ${size} > ${maxMessage}`;
      messages.push({ lane: topic, text: Buffer.from(body.subarray(at + 4, at + 4 + size)) });
      at += 4 + size;
    }
    if (at !== body.length) return 'E_BAD_BODY MPUB sizes do not add up';
    this.messages.push(...messages);
    return fault;
  }
}

function frame(type: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(4 + Buffer.byteLength(text), 0);
  head.writeUInt32BE(type, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** Reads exact numbers of octets from a connection. */
class Octets {
  private rest = Buffer.alloc(0);
  private wake = (): void => undefined;
  private hasEnded = false;
  private readonly add = (chunk: Buffer): void => {
    this.rest = Buffer.concat([this.rest, chunk]);
    this.wake();
  };

  constructor(private readonly socket: Socket) {
    socket.on('data', this.add);
    socket.once('close', () => {
      this.hasEnded = true;
      this.wake();
    });
  }

  detach(): void {
    this.socket.off('data', this.add);
  }

  async take(size: number): Promise<Buffer> {
    await this.until(() => this.rest.length >= size);
    const taken = this.rest.subarray(0, size);
    this.rest = this.rest.subarray(size);
    return taken;
  }

  async line(): Promise<string> {
    await this.until(() => this.rest.includes(10));
    const line = (await this.take(this.rest.indexOf(10) + 1)).toString();
    return line.slice(0, -1);
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.hasEnded) throw new Error('the connection has ended');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
