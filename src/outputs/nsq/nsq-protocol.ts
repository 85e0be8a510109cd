// The TCP protocol of nsqd: https://nsq.io/clients/tcp_protocol_spec.html. Sizes are 32-bit numbers in network byte order.

/** Begins a connection with version 2 of the protocol. */
export const MAGIC = Buffer.from('  V2');
/** Answers a heartbeat. */
export const NOP = Buffer.from('NOP\n');
export const HEARTBEAT = '_heartbeat_';

const SIZE = 4;
/** Longest frame that is read. Answers to a producer have at most some hundred octets. */
const MAX_FRAME = 64 * 1024;

/** `error`: nsqd refuses a command, and its text begins with a code such as `E_BAD_TOPIC`. `message`: only consumers get it. */
export interface NsqFrame {
  readonly type: 'response' | 'error' | 'message';
  readonly text: string;
}

const TYPES = ['response', 'error', 'message'] as const;

/** Octets of the body of MPUB in addition to its messages. */
export const MPUB_HEAD = SIZE;

/** Returns the octets that a text of this many octets takes in the body of MPUB. */
export function mpubSize(octets: number): number {
  return SIZE + octets;
}

/** Encodes IDENTIFY. @param features the JSON of its body. */
export function identifyCommand(features: Readonly<Record<string, unknown>>): Buffer {
  return commandWithBody('IDENTIFY', Buffer.from(JSON.stringify(features)));
}

/** Encodes MPUB, which publishes all texts or none. */
export function mpubCommand(topic: string, texts: readonly Buffer[]): Buffer {
  const line = `MPUB ${topic}\n`;
  const size = mpubBodySize(texts);
  const command = Buffer.allocUnsafe(line.length + SIZE + size);
  command.write(line, 'latin1');
  command.writeUInt32BE(size, line.length);
  writeMpubBody(command, line.length + SIZE, texts);
  return command;
}

/** Encodes the body of MPUB, which is also that of `POST /mpub?binary=true`: the number of texts, and the size of each before it. */
export function mpubBody(texts: readonly Buffer[]): Buffer {
  const body = Buffer.allocUnsafe(mpubBodySize(texts));
  writeMpubBody(body, 0, texts);
  return body;
}

function mpubBodySize(texts: readonly Buffer[]): number {
  let size = MPUB_HEAD;
  for (const text of texts) size += mpubSize(text.length);
  return size;
}

function writeMpubBody(out: Buffer, offset: number, texts: readonly Buffer[]): void {
  let at = out.writeUInt32BE(texts.length, offset);
  for (const text of texts) {
    at = out.writeUInt32BE(text.length, at);
    text.copy(out, at);
    at += text.length;
  }
}

function commandWithBody(name: string, body: Buffer): Buffer {
  const size = Buffer.alloc(SIZE);
  size.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.from(`${name}\n`), size, body]);
}

/** Reads frames from the octets of a connection. A frame is its size, its type and its data; the size does not count itself. */
export class NsqFrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** Returns the frames that end in `chunk`. @throws Error for octets that are not frames of this protocol. */
  push(chunk: Buffer): NsqFrame[] {
    let data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: NsqFrame[] = [];
    while (data.length >= SIZE) {
      const size = data.readUInt32BE();
      if (size < SIZE || size > MAX_FRAME) throw new Error(`a frame of ${size} octets is not one of nsqd`);
      if (data.length < SIZE + size) break;
      const type = TYPES[data.readUInt32BE(SIZE)];
      if (type === undefined) throw new Error('a frame has a type that nsqd does not have');
      frames.push({ type, text: data.toString('utf8', 2 * SIZE, SIZE + size) });
      data = data.subarray(SIZE + size);
    }
    this.rest = data;
    return frames;
  }
}
