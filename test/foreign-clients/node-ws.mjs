// Reads a stream with `ws`. Arguments: URL, number of messages, context, alone or plain.
import { createHash } from 'node:crypto';
import { WebSocket } from 'ws';

const [, , url, count, mode] = process.argv;
const offers = { context: true, alone: { serverNoContextTakeover: true }, plain: false };
const socket = new WebSocket(url, { perMessageDeflate: offers[mode] });
let left = Number(count);
socket.on('upgrade', ({ headers }) =>
  console.log('extensions', headers['sec-websocket-extensions'] ?? 'none'),
);
socket.on('message', (text) => {
  console.log(createHash('sha256').update(text).digest('hex'));
  if (--left === 0) socket.terminate();
});
socket.on('close', () => process.exit(left === 0 ? 0 : 1));
