import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface FloodOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly clients: number;
  /** What is sent first, up to an answer. */
  readonly request: string;
  /** What follows the answer once, and what is repeated behind it as fast as the server reads. */
  readonly lead?: Uint8Array;
  readonly unit: Uint8Array;
  /** Whether a client cuts its connection when a Close frame comes, and connects again at once. */
  readonly hurries?: boolean;
}

export interface FloodResult {
  readonly connections: number;
  /** Octets handed to sockets. */
  readonly sent: number;
  /** Of connections that ended: the begin of the answers (`HTTP/1.1 101`), and the codes of Close frames. */
  readonly heads: Record<string, number>;
  readonly codes: Record<string, number>;
}

/** Clients that send without end, in a process of their own, so that the witness of the test has a free one. */
export class Flood {
  private constructor(private readonly clients: ChildProcess) {}

  static async start({ lead = new Uint8Array(), ...options }: FloodOptions): Promise<Flood> {
    const path = fileURLToPath(new URL('./flood-process.mjs', import.meta.url));
    const clients = fork(path, { serialization: 'advanced', execArgv: [] });
    clients.send({ ...options, lead });
    await once(clients, 'message');
    return new Flood(clients);
  }

  async stop(): Promise<FloodResult> {
    const answer = once(this.clients, 'message');
    this.clients.send('stop');
    const [result] = (await answer) as [FloodResult];
    this.clients.kill();
    return result;
  }
}
