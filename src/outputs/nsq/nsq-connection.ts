import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { packageJson } from '../../kernel/package-json.js';
import type { TlsOptions } from '../../config/tls-files.js';
import { HEARTBEAT, identifyCommand, MAGIC, NOP, type NsqFrame, NsqFrameReader } from './nsq-protocol.js';

const HEARTBEAT_MS = 30_000;

export interface NsqdAddress {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
  readonly tls: TlsOptions | undefined;
}

/** nsqd refuses a command. The message is its answer, which begins with a code such as `E_BAD_TOPIC`. */
export class NsqRefusal extends Error {}

interface Waiting {
  resolve(text: string): void;
  reject(error: Error): void;
}

/** A connection of a producer to nsqd: one command at a time, heartbeats answered. */
export class NsqConnection {
  private reader = new NsqFrameReader();
  private waiting: Waiting | undefined;
  private isWriting = false;
  /** Whether the connection has ended while a command was being written. */
  wasCutOff = false;
  /** Why the connection has ended. */
  private failure: Error | undefined;

  private constructor(private socket: Socket) {
    this.listen();
  }

  /** Connects, identifies and encrypts. @throws the error of the socket, {@link NsqRefusal} or the reason of `signal`. */
  static async open(address: NsqdAddress, signal: AbortSignal): Promise<NsqConnection> {
    signal.throwIfAborted();
    const { host, port, lookup } = address;
    const socket = connect({ host, port, lookup, noDelay: true, keepAlive: true });
    const abort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await once(socket, 'connect');
      const connection = new NsqConnection(socket);
      await connection.identify(address, signal);
      return connection;
    } catch (error) {
      socket.on('error', () => undefined);
      socket.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Whether commands can be sent. After a refusal the connection is closed, as nsqd does with most of them. */
  get isOpen(): boolean {
    return this.failure === undefined && !this.socket.destroyed;
  }

  /**
   * Sends a command and resolves with the answer.
   * @throws NsqRefusal, the error of the socket, or the reason of `signal`; the connection is then closed.
   */
  async send(command: Buffer, signal: AbortSignal): Promise<string> {
    if (this.failure !== undefined) throw this.failure;
    signal.throwIfAborted();
    const abort = (): void => this.fail(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.answer(() => {
        this.isWriting = true;
        this.socket.write(command, (error) => {
          if (!error) this.isWriting = false;
        });
      });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.fail(new Error('the connection is closed'));
  }

  private answer(act: () => void): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      act();
    });
  }

  private async identify({ tls, host }: NsqdAddress, signal: AbortSignal): Promise<void> {
    const name = hostname();
    this.socket.write(MAGIC);
    const answer = await this.send(
      identifyCommand({
        client_id: name.split('.')[0],
        hostname: name,
        user_agent: `certstream-server-nest/${packageJson().version}`,
        heartbeat_interval: HEARTBEAT_MS,
        feature_negotiation: true,
        tls_v1: tls !== undefined,
      }),
      signal,
    );
    if (tls === undefined) return;
    if (featuresOf(answer).tls_v1 !== true)
      throw new NsqRefusal('nsqd does not offer TLS; start it with --tls-cert and --tls-key, or remove tls');
    const socket = connectTls({
      socket: this.socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      ...tls,
    });
    this.socket.removeAllListeners('data');
    await once(socket, 'secureConnect');
    this.socket = socket;
    this.reader = new NsqFrameReader();
    this.listen();
    // nsqd says OK over TLS.
    await this.answer(() => undefined);
  }

  private listen(): void {
    const { socket } = this;
    socket.on('data', (chunk) => {
      try {
        for (const frame of this.reader.push(chunk)) this.receive(frame);
      } catch (error) {
        this.fail(error as Error);
      }
    });
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('nsqd has closed the connection')));
  }

  private receive({ type, text }: NsqFrame): void {
    if (type === 'response' && text === HEARTBEAT) {
      this.socket.write(NOP);
      return;
    }
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting === undefined || type === 'message') {
      const error = new Error(`nsqd sends ${type} without a command`);
      waiting?.reject(error);
      throw error;
    }
    if (type === 'response') {
      waiting.resolve(text);
      return;
    }
    waiting.reject(new NsqRefusal(text));
    this.fail(new Error('nsqd has refused a command'));
  }

  private fail(error: Error): void {
    if (this.failure === undefined) {
      this.failure = error;
      this.wasCutOff = this.isWriting;
    }
    this.socket.destroy();
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(error);
  }
}

function featuresOf(answer: string): { readonly tls_v1?: unknown } {
  try {
    const value: unknown = JSON.parse(answer);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
