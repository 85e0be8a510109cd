import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Admission } from '../src/web/admission.js';
import { COMPRESSED_CASES, CONTENT_CASES } from './support/content-cases.js';
import { type Case, FRAMING_CASES } from './support/framing-cases.js';
import { RawClient } from './support/raw-client.js';
import { CLOSE, closeFrame, frame, PING, PONG, serverFrames, TEXT } from './support/websocket-frames.js';
import { WitnessedSystem } from './support/witnessed-system.js';

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover';

let server: WitnessedSystem;
beforeAll(async () => {
  server = await WitnessedSystem.start({ webserver: { limits: { max_message_bytes: 1_048_576 } } });
});
afterAll(async () => {
  const { system, witness } = server;
  // Other clients received every message once, regardless of what was done to these connections.
  await server.everyMessage();
  expect(witness.frames).toHaveLength(server.published);
  await system.eventually(() => system.server.app.get(Admission).connections === 1, 'all slots but one');
  await system.close();
});

async function run({ send, outcome, pongs = [], chopped = false }: Case, headers: readonly string[] = []) {
  const client = await RawClient.upgraded(server.target, '/domains-only', headers);
  client.socket.setNoDelay(true);
  const frames = () => serverFrames(client.received);
  const bytes = Buffer.concat(Array.isArray(send) ? (send as Buffer[]) : [send as Buffer]);
  for (const piece of chopped ? [...bytes].map((byte) => Buffer.from([byte])) : [bytes]) client.send(piece);
  if (outcome === 'alive') {
    // The answer to a last ping shows that the server has read and accepted everything before it.
    client.send(frame(PING, 'last'));
    await client.until(
      () => frames().some(({ opcode, payload }) => opcode === PONG && String(payload) === 'last'),
      'the last pong',
    );
    server.publish(1);
    await client.until(() => frames().some(({ opcode }) => opcode === TEXT), 'a message of the stream');
    client.send(closeFrame(1000));
  }
  await client.until(() => frames().some(({ opcode }) => opcode === CLOSE), 'a Close frame');
  await client.closed();
  const { payload } = frames().find(({ opcode }) => opcode === CLOSE)!;
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
  expect(code).toBe(outcome === 'alive' ? 1000 : outcome);
  const got = frames()
    .filter(({ opcode }) => opcode === PONG)
    .map((each) => each.payload.toString('hex'));
  const wanted = [...pongs, ...(outcome === 'alive' ? ['last'] : [])].map((each) =>
    Buffer.from(each).toString('hex'),
  );
  expect(got).toEqual(wanted);
  expect(frames().at(-1)?.opcode).toBe(CLOSE);
}

describe('the Autobahn cases that apply to a stream that ignores messages of clients', () => {
  it.each([...FRAMING_CASES, ...CONTENT_CASES])('$name', (each) => run(each));
});

describe('the same cases with permessage-deflate', () => {
  it.each(COMPRESSED_CASES)('$name', (each) => run(each, [DEFLATE]));
});
