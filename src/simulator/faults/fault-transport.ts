import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { sendReply } from '../log/reply.js';
import type { Delivery, FaultHooks } from '../log/request-context.js';

/** Faults of the connection and of the transfer of the body. */
export type TransportFault =
  /**
   * The transfer stops after `afterBytes` of the body (default: half of it) until the fault is released or the
   * connection ends.
   */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** A TCP reset before the answer, or after `afterBytes` of the body. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** The connection closes after `afterBytes` of the body (default: half of it), before its Content-Length. */
  | { readonly kind: 'disconnect'; readonly afterBytes?: number }
  /** The answer is sent after `ms`. */
  | { readonly kind: 'delay'; readonly ms: number }
  /**
   * `bytes` (default 1) of the body are sent every `intervalMs` (default 20). After a release the rest is sent at
   * once.
   */
  | { readonly kind: 'slow-loris'; readonly intervalMs?: number; readonly bytes?: number }
  /** Content-Length is wrong by `delta`, and the connection closes after the body. */
  | { readonly kind: 'content-length'; readonly delta: number }
  /** The body is sent in chunks whose sizes have ten digits, and the connection closes after it. */
  | { readonly kind: 'padded-chunks' }
  /** A small gzip body that inflates to about `bytes` (default 1 GiB) of spaces. */
  | { readonly kind: 'gzip-bomb'; readonly bytes?: number }
  /** A body of `bytes` (default 100 MB) of spaces, chunked or with its Content-Length. */
  | { readonly kind: 'huge-body'; readonly bytes?: number; readonly declareLength?: boolean };

const BOMB_MEMBER_BYTES = 8 << 20;
const HUGE_CHUNK = Buffer.alloc(1 << 16, ' ');

export function transportHooks(fault: TransportFault): FaultHooks {
  switch (fault.kind) {
    case 'stall':
      return { send: (delivery) => stall(delivery, fault.afterBytes) };
    case 'reset':
      return { send: (delivery) => reset(delivery, fault.afterBytes) };
    case 'disconnect':
      return { send: (delivery) => disconnect(delivery, fault.afterBytes) };
    case 'delay':
      return { send: (delivery) => sendLater(delivery, fault.ms) };
    case 'slow-loris':
      return { send: (delivery) => drip(delivery, fault.intervalMs ?? 20, fault.bytes ?? 1) };
    case 'content-length':
      return { send: (delivery) => wrongLength(delivery, fault.delta) };
    case 'padded-chunks':
      return { send: paddedChunks };
    case 'gzip-bomb':
      return {
        reply: (reply) => ({ ...reply, headers: gzipped(reply.headers), body: bomb(fault.bytes ?? 1 << 30) }),
      };
    case 'huge-body':
      return { send: (delivery) => huge(delivery, fault.bytes ?? 100_000_000, fault.declareLength ?? false) };
  }
}

/** Sends the headers with the full Content-Length and the first part of the body, and flushes them to the socket. */
async function sendPart(
  { reply, response }: Delivery,
  bytes: number,
  length = reply.body.length,
): Promise<void> {
  response.writeHead(reply.status, { ...reply.headers, 'Content-Length': String(length) });
  response.flushHeaders();
  if (bytes > 0)
    await new Promise<void>((resolve) => response.write(reply.body.subarray(0, bytes), () => resolve()));
}

async function stall(delivery: Delivery, afterBytes = delivery.reply.body.length >> 1): Promise<void> {
  await sendPart(delivery, afterBytes);
  await Promise.race([delivery.released, aborted(delivery.signal)]);
  if (!delivery.signal.aborted) delivery.response.end(delivery.reply.body.subarray(afterBytes));
}

async function reset(delivery: Delivery, afterBytes?: number): Promise<void> {
  if (afterBytes !== undefined) await sendPart(delivery, afterBytes);
  delivery.response.socket?.resetAndDestroy();
}

async function disconnect(delivery: Delivery, afterBytes = delivery.reply.body.length >> 1): Promise<void> {
  await sendPart(delivery, afterBytes);
  delivery.response.socket?.destroySoon();
}

async function sendLater(delivery: Delivery, ms: number): Promise<void> {
  await pause(ms, delivery.signal);
  if (!delivery.signal.aborted) sendReply(delivery.response, delivery.reply);
}

async function drip(delivery: Delivery, intervalMs: number, step: number): Promise<void> {
  const { reply, response, signal } = delivery;
  const state = { isReleased: false };
  void delivery.released.then(() => (state.isReleased = true));
  await sendPart(delivery, 0);
  let sent = 0;
  while (!state.isReleased && !signal.aborted && sent < reply.body.length) {
    response.write(reply.body.subarray(sent, sent + step));
    sent += step;
    await Promise.race([pause(intervalMs, signal), delivery.released]);
  }
  if (!signal.aborted) response.end(reply.body.subarray(sent));
}

async function wrongLength(delivery: Delivery, delta: number): Promise<void> {
  const { body } = delivery.reply;
  await sendPart(delivery, body.length, Math.max(0, body.length + delta));
  delivery.response.socket?.destroySoon();
}

/** Writes to the socket itself, because `node:http` writes the sizes of chunks in another form. */
async function paddedChunks({ reply: { status, headers, body }, response }: Delivery): Promise<void> {
  const { socket } = response;
  if (socket === null) return;
  const fields = { ...headers, 'Transfer-Encoding': 'chunked', Connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const middle = body.length >> 1;
  const chunks = [body.subarray(0, middle), body.subarray(middle)].filter(({ length }) => length > 0);
  socket.write(`HTTP/1.1 ${status} OK\r\n${lines.join('')}\r\n`);
  for (const chunk of chunks) {
    socket.write(`${chunk.length.toString(16).padStart(10, '0')}\r\n`);
    socket.write(chunk);
    socket.write('\r\n');
  }
  socket.write('0000000000\r\n\r\n');
  socket.destroySoon();
}

function gzipped(headers: Readonly<Record<string, string>>): Record<string, string> {
  return { ...headers, 'Content-Encoding': 'gzip' };
}

/** Returns consecutive members of one gzip stream (RFC 1952, 2.2). */
function bomb(bytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(BOMB_MEMBER_BYTES, ' '));
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / BOMB_MEMBER_BYTES) }, () => member));
}

async function huge(
  { reply, response, signal }: Delivery,
  bytes: number,
  declareLength: boolean,
): Promise<void> {
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(declareLength && { 'Content-Length': String(bytes) }),
  });
  for (let left = bytes; left > 0 && !signal.aborted; left -= HUGE_CHUNK.length) {
    if (!response.write(HUGE_CHUNK.subarray(0, left))) await drained(response, signal);
  }
  if (!signal.aborted) response.end();
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal }).catch(() => undefined);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
