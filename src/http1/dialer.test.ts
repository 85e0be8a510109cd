import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.js';
import { type Dial, Dialer } from './dialer.js';
import { NameResolver } from './name-resolver.js';

/** By address, its result and the delay in milliseconds. Addresses that are not listed do not answer. */
type Network = Record<string, { readonly error?: string; readonly after: number }>;

const HOST = 'log.example';
let clock: VirtualClock;
let addresses: string[];
let network: Network;
let dialer: Dialer;
/** Addresses in the order of the attempts. */
let attempts: string[];
let open: number;

beforeEach(() => {
  clock = new VirtualClock();
  network = {};
  attempts = [];
  open = 0;
  const lookup = (): Promise<string[]> => Promise.resolve(addresses);
  dialer = new Dialer(new NameResolver({ lookup, query: lookup }, clock), clock);
});

function connect(address: string): Socket {
  attempts.push(address);
  open++;
  const socket = new Socket();
  socket.on('close', () => open--);
  const answer = network[address];
  if (answer === undefined) return socket;
  const { error, after } = answer;
  clock.after(after, () => {
    if (socket.destroyed) return;
    if (error === undefined) socket.emit('connect');
    else socket.destroy(Object.assign(new Error(error), { code: error }));
  });
  return socket;
}

interface Outcome {
  readonly dial: Dial;
  end?: string;
  at?: number;
}

function dial(host = HOST): Outcome {
  const outcome: Outcome = {
    dial: dialer.dial({
      host,
      open: connect,
      onConnect: (socket, address) => {
        expect(socket.listenerCount('error')).toBe(0);
        socket.destroy();
        outcome.end = address;
        outcome.at = clock.time;
      },
      onError: (error) => {
        outcome.end = `${error.name}: ${error.message}`;
        outcome.at = clock.time;
      },
    }),
  };
  return outcome;
}

describe('Dialer', () => {
  it('waits for an address whose handshake takes longer than the delay, although another is unreachable', async () => {
    addresses = ['192.0.2.1', '2001:db8::1'];
    network = { '192.0.2.1': { after: 300 }, '2001:db8::1': { error: 'ENETUNREACH', after: 0 } };
    for (const reversed of [false, true]) {
      if (reversed) addresses.reverse();
      const begun = clock.time;
      const outcome = dial();
      await clock.runUntil(begun + 30_000);
      expect([outcome.end, outcome.at! - begun]).toEqual(['192.0.2.1', 300]);
    }
    expect(open).toBe(0);
  });

  it('waits for a dead address only once', async () => {
    addresses = ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2'];
    network = { '192.0.2.1': { after: 20 }, '192.0.2.2': { after: 20 } };
    const first = dial();
    await clock.runUntil(1000);
    expect([first.end, first.at]).toEqual(['192.0.2.1', 270]);
    const second = dial();
    await clock.runUntil(2000);
    expect([second.end, second.at]).toEqual(['192.0.2.1', 1020]);
    expect(attempts).toEqual(['2001:db8::1', '192.0.2.1', '192.0.2.1']);
  });

  it.each([{ error: 'ECONNREFUSED', after: 10 }, undefined])(
    'finds the address that works after 20 addresses that end with %j, and uses it first next time',
    async (dead) => {
      const all = Array.from({ length: 30 }, (_, i) => `192.0.2.${i + 1}`);
      addresses = all;
      network = Object.fromEntries(
        all.flatMap((address, i) => (i >= 20 ? [[address, { after: 300 }]] : dead ? [[address, dead]] : [])),
      );
      const first = dial();
      await clock.runUntil(10_000);
      expect(first.end).toBe('192.0.2.21');
      const again = dial();
      await clock.runUntil(20_000);
      expect([again.end, again.at]).toEqual(['192.0.2.21', 10_300]);
      expect(open).toBe(0);
    },
  );

  it('tries other addresses next time when it is cancelled before it reaches those that work', async () => {
    addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
    network = { '192.0.2.4': { after: 1 } };
    const first = dial();
    await clock.runUntil(600);
    expect(first.dial.describe()).toBe(
      'no connection to log.example: 192.0.2.1 no answer, 192.0.2.2 no answer, 192.0.2.3 no answer and 1 more',
    );
    first.dial.cancel();
    const second = dial();
    await clock.runUntil(1500);
    expect([second.end, second.at]).toEqual(['192.0.2.4', 851]);
    expect(first.end).toBeUndefined();
  });

  it('begins with another address after a connection was useless', async () => {
    addresses = ['192.0.2.1', '192.0.2.2'];
    network = { '192.0.2.1': { after: 1 }, '192.0.2.2': { after: 1 } };
    dialer.failed(HOST, '192.0.2.1');
    const outcome = dial();
    await clock.runUntil(100);
    expect(outcome.end).toBe('192.0.2.2');
  });

  it('names the addresses that failed, and the reasons', async () => {
    addresses = ['192.0.2.1', '2001:db8::1'];
    network = {
      '192.0.2.1': { error: 'ECONNREFUSED', after: 1 },
      '2001:db8::1': { error: 'EHOSTUNREACH', after: 1 },
    };
    const outcome = dial();
    await clock.runUntil(100);
    expect(outcome.end).toBe(
      'DialError: no connection to log.example: 192.0.2.1 ECONNREFUSED, 2001:db8::1 EHOSTUNREACH',
    );
  });

  it('looks up a host again at once when all its addresses fail', async () => {
    addresses = ['192.0.2.1'];
    network = { '192.0.2.1': { after: 1 }, '192.0.2.9': { after: 1 } };
    dial();
    await clock.runUntil(5000);
    network['192.0.2.1'] = { error: 'ECONNREFUSED', after: 1 };
    addresses = ['192.0.2.1', '192.0.2.9'];
    const outcome = dial();
    await clock.runUntil(6000);
    expect([outcome.end, outcome.at]).toEqual(['192.0.2.9', 5002]);
    attempts = [];
    dial();
    await clock.runUntil(7000);
    expect(attempts).toEqual(['192.0.2.9']);
  });

  it('reports that a name is still being looked up', async () => {
    dialer = new Dialer(
      new NameResolver(
        { lookup: () => new Promise(() => undefined), query: () => Promise.reject(new Error()) },
        clock,
      ),
      clock,
    );
    const outcome = dial();
    await clock.runUntil(100_000);
    expect(outcome.dial.describe()).toBe('the name log.example is still being looked up');
    outcome.dial.cancel();
    expect([outcome.end, attempts]).toEqual([undefined, []]);
  });
});
