import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * Relays connections to a port of this machine, which it reads from the standard input. It also relays those of
 * clients that use it as a proxy.
 */
const RELAY = `
const { connect, createServer } = require('node:net');
let target;
process.stdin.on('data', (data) => { target = Number(data); });
const onClient = (client) => client.on('error', () => {}).once('data', (data) => {
  const peer = connect(target, '127.0.0.1').on('error', () => {});
  for (const [one, other] of [[client, peer], [peer, client]]) one.on('close', () => other.destroy()).pipe(other);
  if (data.toString('latin1').startsWith('CONNECT ')) client.write('HTTP/1.1 200 OK\\r\\n\\r\\n');
  else peer.write(data);
});
const [port, ...hosts] = process.argv.slice(1);
let count = 0;
for (const host of hosts) {
  const server = createServer(onClient);
  server.listen({ port, host, backlog: 1 }, () => ++count === hosts.length && console.log(server.address().port));
}
`;

/**
 * A relay whose TCP handshakes complete only after {@link open}, as on a line with packet loss or a long delay
 * (Linux).
 */
export class SlowDoor {
  private readonly waiting: Socket[] = [];

  private constructor(
    readonly port: number,
    private readonly hosts: readonly string[],
    private readonly child: ChildProcess,
  ) {}

  static async start(hosts: readonly string[] = ['127.0.0.1'], port = 0): Promise<SlowDoor> {
    const child = spawn(process.execPath, ['-e', RELAY, String(port), ...hosts], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const door = new SlowDoor(Number(line), hosts, child);
    await door.shut();
    return door;
  }

  leadTo(port: number): void {
    this.child.stdin?.write(String(port));
  }

  /**
   * Lets handshakes complete. Those that have begun complete when the client sends its next packet, after 1, 3 or 7
   * s.
   */
  open(): void {
    for (const socket of this.waiting) socket.destroy();
    this.child.kill('SIGCONT');
  }

  close(): void {
    for (const socket of this.waiting) socket.destroy();
    this.child.kill('SIGKILL');
  }

  /** Stops the relay and fills its accept queue, which holds one connection more than the backlog. */
  private async shut(): Promise<void> {
    this.child.kill('SIGSTOP');
    for (const host of this.hosts) {
      for (let i = 0; i < 3; i++) {
        const socket = connect(this.port, host).on('error', () => undefined);
        this.waiting.push(socket);
        if (i < 2) await once(socket, 'connect');
      }
    }
  }
}
