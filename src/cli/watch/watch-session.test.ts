import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../kernel/clock.js';
import { type WatchOutput, WatchPrinter } from './watch-printer.js';
import { WatchSession } from './watch-session.js';

let end = (): void => undefined;
afterEach(() => end());

function message(name: string): string {
  return JSON.stringify({ message_type: 'dns_entries', data: [name] });
}

describe('WatchSession', () => {
  it('does not read from another connection either while the output is full', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const lines: string[] = [];
    const output: WatchOutput = {
      stdout: {
        writableNeedDrain: false,
        write: (text: string) => lines.push(text) > 0,
        once: () => undefined,
      },
      stderr: { write: () => true },
    };
    const printer = new WatchPrinter(output, {
      json: true,
      onFull: () => undefined,
      onDrain: () => undefined,
    });
    const url = new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    // The messages of the first connection are printed after its end, and fill the output.
    const sleep = (): Promise<void> => Promise.resolve(session.pause());
    const session: WatchSession = new WatchSession({ url, printer, clock: { ...systemClock, sleep } });
    end = () => {
      session.stop();
      server.close();
    };
    const running = session.run();

    const [first] = (await once(server, 'connection')) as [WebSocket];
    await once(first, 'message');
    first.terminate();
    const [second] = (await once(server, 'connection')) as [WebSocket];
    await once(second, 'message');
    second.send(message('later.example'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(lines).toEqual([]);

    session.resume();
    await expect.poll(() => lines).toEqual([`${message('later.example')}\n`]);
    session.stop();
    await running;
  });
});
