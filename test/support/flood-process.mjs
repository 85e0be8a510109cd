import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Number of octets per write. */
const WRITE = 65_536;

const [{ port, tls, clients, request, lead, unit, hurries }] = await once(process, 'message');
const flood = Buffer.alloc(Math.floor(WRITE / unit.length) * unit.length, unit);
const sockets = new Set();
const result = { connections: 0, sent: 0, heads: {}, codes: {} };
let isOver = false;

/** Returns the code of the first Close frame after the answer to the handshake. Frames of a server are unmasked. */
function closeCode(bytes) {
  let at = bytes.indexOf('\r\n\r\n') + 4;
  while (at >= 4 && at + 2 <= bytes.length) {
    const short = bytes[at + 1] & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + header > bytes.length) return undefined;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    if ((bytes[at] & 0x0f) === 8)
      return at + header + 2 <= bytes.length ? bytes.readUInt16BE(at + header) : undefined;
    at += header + length;
  }
  return undefined;
}

function attack() {
  if (isOver) return;
  const target = { port, host: '127.0.0.1', rejectUnauthorized: false };
  const socket = tls ? connectTls(target) : connect(target);
  sockets.add(socket);
  result.connections++;
  let received = Buffer.alloc(0);
  let isFlooding = false;
  const pour = () => {
    while (!socket.destroyed && !socket.writableNeedDrain) {
      socket.write(flood);
      result.sent += flood.length;
    }
  };
  socket.on('error', () => undefined);
  socket.on('drain', () => isFlooding && pour());
  socket.on('data', (data) => {
    received = received.length > 4_000_000 ? received : Buffer.concat([received, data]);
    if (hurries && closeCode(received) !== undefined) return socket.destroy();
    if (isFlooding || !received.includes('\r\n\r\n')) return;
    isFlooding = true;
    socket.write(lead);
    pour();
  });
  socket.on('close', () => {
    sockets.delete(socket);
    const head = received.subarray(0, 12).toString('latin1');
    result.heads[head] = (result.heads[head] ?? 0) + 1;
    const code = closeCode(received) ?? 'none';
    result.codes[code] = (result.codes[code] ?? 0) + 1;
    if (hurries) setImmediate(attack);
  });
  socket.write(request);
}

process.on('message', () => {
  isOver = true;
  for (const socket of sockets) socket.destroy();
  setTimeout(() => process.send({ ...result, open: sockets.size }), 100);
});
for (let i = 0; i < clients; i++) attack();
process.send('started');
