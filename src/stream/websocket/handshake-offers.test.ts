import { describe, expect, it } from 'vitest';
import { offersWebSocket, settleOffers } from './handshake-offers.js';

describe(offersWebSocket.name, () => {
  it.each([
    'websocket',
    'WebSocket',
    'h2c, websocket',
    'websocket,h2c',
    ' ,websocket',
    'TLS/1.0,\tWEBSOCKET',
  ])('finds websocket in %j', (header) => {
    expect(offersWebSocket(header)).toBe(true);
  });
  it.each([undefined, '', 'h2c', 'websocket/13', 'websockets', 'web socket'])(
    'does not find websocket in %j',
    (header) => {
      expect(offersWebSocket(header)).toBe(false);
    },
  );
});

describe(settleOffers.name, () => {
  const settled = (given: Record<string, string>, compresses = true) => {
    const headers: Record<string, string> = { ...given };
    settleOffers(headers, compresses ? { serverMaxWindowBits: 15 } : undefined);
    expect(headers['upgrade']).toBe('websocket');
    return headers;
  };

  it.each<[string, string | undefined]>([
    ['chat', 'chat'],
    ['chat, superchat', 'chat, superchat'],
    ['chat,superchat ,chat', 'chat, superchat'],
    ['chat,', 'chat'],
    [', ,chat,, superchat', 'chat, superchat'],
    ['', undefined],
    [', ,', undefined],
    ['chat room', undefined],
    ['chat, "quoted"', undefined],
  ])('rewrites the subprotocols %j for ws as %j', (header, wanted) => {
    expect(settled({ 'sec-websocket-protocol': header })['sec-websocket-protocol']).toBe(wanted);
  });

  it('keeps one offer of compression, and none on a server without compression', () => {
    const offer = {
      'sec-websocket-extensions': 'permessage-deflate; server_max_window_bits=9, permessage-deflate',
    };
    expect(settled(offer)['sec-websocket-extensions']).toBe('permessage-deflate');
    expect(settled(offer, false)).not.toHaveProperty('sec-websocket-extensions');
    expect(settled({ 'sec-websocket-extensions': '"' })).not.toHaveProperty('sec-websocket-extensions');
  });
});
