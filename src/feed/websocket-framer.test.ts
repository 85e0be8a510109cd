import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { ByteWriter } from '../certificate/byte-writer.js';
import { webSocketFramer } from './websocket-framer.js';

// Exported by `ws`, missing in its type declarations.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** Messages that the receiving side of `ws` reads from a server's bytes. */
async function receive(bytes: Buffer, count: number): Promise<string[]> {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false });
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject);
    receiver.on('message', (data: Buffer, isBinary: boolean) => {
      expect(isBinary).toBe(false);
      if (messages.push(data.toString()) === count) resolve();
    });
    receiver.end(bytes);
  });
  return messages;
}

describe('webSocketFramer', () => {
  const sizes = [0, 1, 2, 125, 126, 127, 65_535, 65_536, 65_537, 200_000, 3];
  const texts = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size));

  it('frames texts of every size in place, one after the other', async () => {
    // Too small at first, so that the buffer grows while a frame is open.
    const out = new ByteWriter(16);
    const ranges = texts.map((written) => {
      webSocketFramer.open(out);
      const start = out.length;
      out.latin1(written);
      const moved = webSocketFramer.close(out, start);
      return [moved, out.length] as const;
    });
    const bytes = out.copyOut();
    expect(await receive(bytes, texts.length)).toEqual(texts);
    expect(ranges.map(([start, end]) => bytes.toString('latin1', start, end))).toEqual(texts);
  });
});
