import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface FloodOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly clients: number;
  /** The request, which is sent first. The client waits for an answer. */
  readonly request: string;
  /** `lead` is sent once after the answer. `unit` is then repeated as fast as the server reads. */
  readonly lead?: Uint8Array;
  readonly unit: Uint8Array;
  /** Whether a client cuts its connection after a Close frame and reconnects at once. */
  readonly hurries?: boolean;
}

export interface FloodResult {
  readonly connections: number;
  /** Number of octets written to sockets. */
  readonly sent: number;
  /** Counts of ended connections: by the start of the answer (`HTTP/1.1 101`), and by the code of the Close frame. */
  readonly heads: Record<string, number>;
  readonly codes: Record<string, number>;
}

/**
 * Clients that send continuously. They run in their own process, so they do not slow down the witness in the test's
 * process.
 */
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
