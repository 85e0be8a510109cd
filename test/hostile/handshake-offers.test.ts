import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inflateRawSync } from 'node:zlib';
import { RawClient } from '../support/raw-client.js';
import { closeFrame, serverFrames } from '../support/websocket-frames.js';
import { TestSystem } from '../../src/testing/test-system.js';

const D = 'permessage-deflate';
/** The answer to an offer that lets the server keep its context between messages (RFC 7692, 7.1.1). */
const SHARED = /^permessage-deflate;( server_max_window_bits=15;)? client_no_context_takeover$/;
const RSV1 = 0x40;

let system: TestSystem;
const target = () => ({ port: Number(new URL(system.server.url).port), host: '127.0.0.1' });

async function handshake(
  headers: readonly string[],
  request = RawClient.upgradeRequest('/domains-only', headers),
): Promise<RawClient> {
  const client = await RawClient.connect(target());
  client.send(request);
  await client.until(() => client.text.includes('\r\n\r\n'), 'an answer');
  return client;
}

const answered = ({ text }: RawClient, name: string) =>
  new RegExp(`^${name}: (.*?)\r$`, 'im').exec(text.slice(0, text.indexOf('\r\n\r\n') + 2))?.[1];

/** Publishes one entry and reads its message. Resolves with whether the message is compressed. */
async function isCompressed(client: RawClient): Promise<boolean> {
  const body = client.text.indexOf('\r\n\r\n') + 4;
  const log = system.simulator.log('log');
  log.append(1);
  log.publish();
  await client.until(() => serverFrames(client.received.subarray(body)).length > 0, 'a message');
  const compressed = (client.received[body] & RSV1) !== 0;
  const [{ payload }] = serverFrames(client.received.subarray(body));
  const text = compressed ? inflateRawSync(payload, { finishFlush: 2 }) : payload;
  expect(JSON.parse(text.toString())).toHaveProperty('message_type', 'dns_entries');
  client.send(closeFrame(1000));
  await client.closed();
  client.socket.destroy();
  return compressed;
}

describe('with compression', () => {
  beforeAll(async () => {
    system = await TestSystem.start({
      logs: [{ name: 'log' }],
      config: {
        webserver: {
          compression_enabled: true,
          listen_addr: '127.0.0.1',
          limits: { max_header_bytes: 262_144 },
        },
      },
    });
  });
  afterAll(() => system?.close());

  it.each<[string, readonly string[]]>([
    ['the fallback of RFC 7692, 7.1.3', [`${D}; server_max_window_bits=10, ${D}; client_max_window_bits`]],
    ['an invalid offer first', [`${D}; client_max_window_bits=16, ${D}`]],
    ['an unknown parameter first', [`${D}; level=9, ${D}`]],
    ['a doubled parameter first', [`${D}; client_max_window_bits; client_max_window_bits, ${D}`]],
    ['a leading zero first', [`${D}; server_max_window_bits=09, ${D}`]],
    ['other extensions first', ['x-webkit-deflate-frame', `permessage-bzip2; a="b,c", ${D}`]],
    ['two header lines', [`${D}; server_max_window_bits=9`, D]],
    ['quoted values', [`${D}; server_max_window_bits="15"`]],
    ['empty elements', [`, ${D},`]],
    ['100 KB of offers first', [`${`${D}; server_max_window_bits=9, `.repeat(2500)}${D}`]],
  ])('%s → the connection is compressed', async (_what, offers) => {
    const client = await handshake(offers.map((offer) => `Sec-WebSocket-Extensions: ${offer}`));
    expect(client.status).toBe(101);
    expect(answered(client, 'Sec-WebSocket-Extensions')).toMatch(SHARED);
    expect(await isCompressed(client)).toBe(true);
  });

  it.each([
    ['an offer of it', `${D}; server_no_context_takeover`],
    ['an invalid offer first', `${D}; level=9, ${D}; server_no_context_takeover; client_max_window_bits`],
  ])('%s → the server keeps no context', async (_what, offer) => {
    const client = await handshake([`Sec-WebSocket-Extensions: ${offer}`]);
    expect(client.status).toBe(101);
    expect(answered(client, 'Sec-WebSocket-Extensions')).toMatch(
      /^permessage-deflate; .*server_no_context_takeover/,
    );
    client.socket.destroy();
  });

  it.each<[string, string]>([
    ['a window of 16', `${D}; client_max_window_bits=16`],
    ['a window with a leading zero', `${D}; server_max_window_bits=09`],
    ['a small window', `${D}; server_max_window_bits=14`],
    ['an unknown parameter', `${D}; foo`],
    ['a doubled parameter', `${D}; server_no_context_takeover; server_no_context_takeover`],
    ['a value where none is allowed', `${D}; server_no_context_takeover=1`],
    ['no value where one is needed', `${D}; server_max_window_bits`],
    ['another extension', 'x-webkit-deflate-frame'],
    ['upper case', D.toUpperCase()],
    ['an open quote', `${D}; server_max_window_bits="15`],
    ['a value that is not a list', '=;='],
    ['nothing', ''],
  ])('%s alone → the connection has no extension', async (_what, offer) => {
    const client = await handshake([`Sec-WebSocket-Extensions: ${offer}`]);
    expect(client.status).toBe(101);
    expect(answered(client, 'Sec-WebSocket-Extensions')).toBeUndefined();
    expect(await isCompressed(client)).toBe(false);
  });

  it.each<[string, string, string | undefined]>([
    ['a doubled subprotocol', 'chat, chat', 'chat'],
    ['an empty element', 'chat, ,superchat', 'chat'],
    ['a comma at the end', 'chat,', 'chat'],
    ['an empty list', '', undefined],
    ['a subprotocol that is not a token', 'chat room', undefined],
  ])('%s → the handshake succeeds', async (_what, protocols, chosen) => {
    const client = await handshake([`Sec-WebSocket-Protocol: ${protocols}`]);
    expect(client.status).toBe(101);
    expect(answered(client, 'Sec-WebSocket-Protocol')).toBe(chosen);
    client.socket.destroy();
  });

  it.each([
    ['Upgrade: h2c, WebSocket', 'Connection: Upgrade'],
    ['Upgrade: websocket, h2c', 'Connection: keep-alive, Upgrade'],
    ['Upgrade: h2c\r\nUpgrade: websocket', 'Connection: keep-alive\r\nConnection: upgrade'],
  ])('%j and %j → the handshake succeeds', async (upgrade, connection) => {
    const request = RawClient.upgradeRequest('/')
      .replace('Upgrade: websocket', upgrade)
      .replace('Connection: Upgrade', connection);
    const client = await handshake([], request);
    expect(client.status).toBe(101);
    expect(answered(client, 'Upgrade')).toBe('websocket');
    client.socket.destroy();
  });

  it('an unknown version → is answered with the known versions', async () => {
    const client = await handshake([], RawClient.upgradeRequest('/').replace('Version: 13', 'Version: 14'));
    expect(client.status).toBe(400);
    expect(answered(client, 'Sec-WebSocket-Version')).toMatch(/^13/);
    client.socket.destroy();
  });
});

describe('without compression', () => {
  beforeAll(async () => {
    system = await TestSystem.start({ logs: [{ name: 'log' }] });
  });
  afterAll(() => system?.close());

  it.each([D, `${D}; client_max_window_bits=16`, `${D}; x="`, ';'])(
    'an offer of %s → is declined',
    async (offer) => {
      const client = await handshake([`Sec-WebSocket-Extensions: ${offer}`]);
      expect(client.status).toBe(101);
      expect(answered(client, 'Sec-WebSocket-Extensions')).toBeUndefined();
      expect(await isCompressed(client)).toBe(false);
    },
  );
});
