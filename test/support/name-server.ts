import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NXDOMAIN = 3;

/** The reason why a process cannot have its own name server on this machine; undefined when it can. */
export const NO_NAME_SERVER = reason();

function reason(): string | undefined {
  if (process.platform !== 'linux') return 'mount namespaces exist only on Linux';
  const { status } = spawnSync('unshare', ['--mount', 'mount', '--bind', '/dev/null', '/etc/resolv.conf']);
  return status === 0 ? undefined : 'this user cannot create a mount namespace';
}

/** A DNS server (RFC 1035, UDP) for processes that start with {@link wrapper}. */
export class NameServer {
  /** Addresses by name, or `silence` for no answer. Other names do not exist. */
  readonly names = new Map<string, readonly string[] | 'silence'>();
  /** Number of questions for each name, counted separately for A and AAAA. */
  readonly questions = new Map<string, number>();

  private constructor(
    private readonly socket: Socket,
    private readonly folder: string,
  ) {
    socket.on('message', (query, { port, address }) => {
      const answer = this.answer(query);
      if (answer !== undefined) socket.send(answer, port, address);
    });
  }

  static async start(): Promise<NameServer> {
    const socket = createSocket('udp4');
    // The machine may have a name server at another address, and other tests may run at the same time.
    const address = `127.53.${randomInt(256)}.${randomInt(1, 255)}`;
    socket.bind(53, address);
    await once(socket, 'listening');
    const folder = mkdtempSync(join(tmpdir(), 'certstream-names-'));
    writeFileSync(join(folder, 'resolv.conf'), `nameserver ${address}\n`);
    return new NameServer(socket, folder);
  }

  /** A command that executes its remaining arguments with this server as the only name server. */
  get wrapper(): string[] {
    const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    return ['unshare', '--mount', 'sh', '-c', script, join(this.folder, 'resolv.conf')];
  }

  close(): void {
    this.socket.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private answer(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] > 0; at += query[at] + 1)
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    const name = labels.join('.').toLowerCase();
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    this.questions.set(name, (this.questions.get(name) ?? 0) + 1);
    const known = this.names.get(name);
    if (known === 'silence') return undefined;
    const addresses = (known ?? []).filter((address) => type === (isIPv4(address) ? TYPE_A : TYPE_AAAA));
    const head = Buffer.alloc(12);
    head.writeUInt16BE(query.readUInt16BE(0), 0);
    head.writeUInt16BE(0x8180 | (known === undefined ? NXDOMAIN : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(addresses.length, 6);
    return Buffer.concat([head, question, ...addresses.map((address) => record(type, address))]);
  }
}

/** Encodes a resource record for the queried name with a TTL of 0. */
function record(type: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split('.').map(Number)) : groups(address);
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([head, data]);
}

/** Returns the octets of an IPv6 address. */
function groups(address: string): Buffer {
  const [left, right] = `${address}::`.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  const all = left.concat(zeros, right);
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
