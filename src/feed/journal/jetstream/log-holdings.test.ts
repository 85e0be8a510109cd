import type { MsgHdrs } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import type { JournaledEntries } from '../entry-journal.js';
import type { JournalStream } from './journal-stream.js';
import { readHoldings } from './log-holdings.js';
import type { StreamConnection } from './stream-connection.js';

interface Message {
  readonly seq: number;
  readonly headers: MsgHdrs;
}

/** A record of ten entries. */
function message(seq: number, format: number, kind: string): Message {
  const first = (seq - 1) * 10;
  const values: Record<string, string> = {
    'Ct-Format': String(format),
    'Ct-Owner': 'other',
    'Ct-Frame': String(seq),
    'Ct-Kind': kind,
    'Ct-First': String(first),
    'Ct-Count': '10',
    'Ct-Next': String(first + 10),
  };
  return { seq, headers: { get: (name: string) => values[name] ?? '' } as MsgHdrs };
}

/** Reads what a stream with these messages of a log holds, after the message `known`. */
async function read(messages: readonly Message[], known: number): Promise<JournaledEntries | undefined> {
  const get = (_stream: string, { opt_start_seq: start }: { readonly opt_start_seq: number }) =>
    Promise.resolve({
      fetch: () => Promise.resolve(messages.filter(({ seq }) => seq >= start)),
      delete: () => Promise.resolve(true),
    });
  const connection = { jetstream: { consumers: { get } } } as unknown as StreamConnection;
  const stream = {
    name: 'CT',
    refresh: () => Promise.resolve({ epoch: 'e' }),
    lastOf: () => Promise.resolve(messages.at(-1)),
  } as unknown as JournalStream;
  return (await readHoldings({ stream, connection }, 'ct.raw.1', { epoch: 'e', seq: known })).entries;
}

describe(readHoldings.name, () => {
  it('returns what was left out and what came late after a place', async () => {
    const kinds = ['unavailable', 'next', 'unavailable', 'late'];
    const messages = kinds.map((kind, i) => message(i + 1, 1, kind));
    expect(await read(messages, 1)).toEqual({
      end: 40,
      exceptions: [
        { kind: 'unavailable', from: 20, to: 30 },
        { kind: 'late', from: 30, to: 40 },
      ],
    });
  });

  it('fails at a record of a later format, which may say that entries were left out', async () => {
    const messages = [message(1, 1, 'next'), message(2, 2, 'unavailable'), message(3, 1, 'next')];
    await expect(read(messages, 1)).rejects.toThrow('record 2 cannot be read: it has version 2');
    expect(await read(messages, 2)).toEqual({ end: 30, exceptions: [] });
  });
});
