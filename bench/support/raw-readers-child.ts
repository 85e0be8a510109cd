/** WebSocket clients that only count frames and answer pings. */
import { connect, type Socket } from 'node:net';
import type { ReaderCounts, ReadersSetup } from './raw-readers.js';

const TEXT = 0x81;
/** First octet of a permessage-deflate message: text with RSV1 (RFC 7692, 6). */
const COMPRESSED_TEXT = 0xc1;
const PING = 0x89;
/** An empty Pong, masked with zeros (RFC 6455, 5.3). */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const MAX_HEADER = 10;
/** Milliseconds between two Pongs of a client that does not read. */
const PONG_INTERVAL_MS = 20_000;
/** Read buffer of all connections. They can share it, because data is processed immediately. */
const READ_BUFFER = Buffer.alloc(262_144);

const counts = { messages: 0, bytes: 0, closed: 0 };

/** Counts the frames of one connection, regardless of how they are divided into chunks. */
class FrameWalker {
  /** Bytes of the current frame that are still to come. */
  private skip = 0;
  private readonly header = Buffer.alloc(MAX_HEADER);
  private headerBytes = 0;

  constructor(private readonly socket: Socket) {}

  read(chunk: Buffer): void {
    counts.bytes += chunk.length;
    for (let at = 0; at < chunk.length;) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, chunk.length - at);
        this.skip -= step;
        at += step;
      } else {
        this.header[this.headerBytes++] = chunk[at++];
        if (this.headerBytes === headerLength(this.header, this.headerBytes)) this.begin();
      }
    }
  }

  private begin(): void {
    const { header } = this;
    const short = header[1] & 0x7f;
    this.skip = short === 126 ? header.readUInt16BE(2) : short === 127 ? header.readUIntBE(4, 6) : short;
    this.headerBytes = 0;
    if (header[0] === TEXT || header[0] === COMPRESSED_TEXT) counts.messages++;
    else if (header[0] === PING) this.socket.write(PONG);
  }
}

function headerLength(header: Buffer, known: number): number {
  if (known < 2) return 2;
  const short = header[1] & 0x7f;
  return short === 126 ? 4 : short === 127 ? 10 : 2;
}

async function join({ deflate, stalled }: ReadersSetup, url: URL): Promise<void> {
  const offer = deflate === true ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '';
  let onBytes: ((chunk: Buffer) => void) | undefined;
  const socket = connect({
    port: Number(url.port),
    host: url.hostname,
    onread: {
      buffer: READ_BUFFER,
      callback: (length, buffer) => {
        onBytes?.(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return stalled !== true;
      },
    },
  });
  socket.on('error', () => undefined);
  socket.on('close', () => counts.closed++);
  socket.write(
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `${offer}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  );
  if (stalled === true) setInterval(() => socket.write(PONG), PONG_INTERVAL_MS);
  const walker = new FrameWalker(socket);
  await new Promise<void>((resolve, reject) => {
    onBytes = (response) => {
      const end = response.indexOf('\r\n\r\n') + 4;
      if (!response.toString('latin1', 0, 20).startsWith('HTTP/1.1 101 ') || end < 4)
        return reject(new Error(`no upgrade: ${response.toString('latin1', 0, 200)}`));
      onBytes = (chunk) => walker.read(chunk);
      onBytes(response.subarray(end));
      resolve();
    };
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });
}

const setup = JSON.parse(process.argv[2]) as ReadersSetup;
for (let n = 0; n < setup.clients; n++) await join(setup, new URL(setup.url));
process.on('message', () => process.send?.({ ...counts } satisfies ReaderCounts));
process.on('disconnect', () => process.exit());
process.send?.('ready');
