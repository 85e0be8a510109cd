import { describe, expect, it, vi } from 'vitest';
import type { CertificateBatch } from '../../certificate/certificate-batch.js';
import { messagesOf, numberedMessages } from '../../../test/support/output-messages.js';
import type { OutputRecord } from '../certificate-output.js';
import type { DeadLetters } from '../messages/dead-letters.js';
import type { MessageSelection } from '../messages/message-selection.js';
import type { OutputMessage } from '../messages/output-message.js';
import { OutputError } from '../output-error.js';
import { EngineOutput } from './engine-output.js';
import {
  type EngineSource,
  MessagesRefusedError,
  type OutputEngine,
  type RefusedMessage,
} from './output-engine.js';

const SIGNAL = new AbortController().signal;
const MESSAGES = numberedMessages(0, 2);

/** An engine whose sends the test answers. */
class ManualEngine implements OutputEngine {
  closed = 0;
  readonly sends: { readonly signal: AbortSignal; resolve(): void; reject(error: Error): void }[] = [];

  send(_messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => this.sends.push({ signal, resolve, reject }));
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

function start(
  timeoutMs = 60_000,
  source: Partial<EngineSource> = {},
  selection: Pick<MessageSelection, 'messagesOf'> = { messagesOf: () => Promise.resolve(MESSAGES) },
) {
  const engines: ManualEngine[] = [];
  const dead: RefusedMessage[] = [];
  const open = vi.fn(() => {
    const engine = new ManualEngine();
    engines.push(engine);
    return Promise.resolve(engine);
  });
  const deadLetters = {
    add: vi.fn((refused: readonly RefusedMessage[]) => Promise.resolve(void dead.push(...refused))),
    close: vi.fn(() => Promise.resolve()),
  };
  const output = new EngineOutput('soc', {
    source: { open, ...source },
    selection: selection as MessageSelection,
    deadLetters: deadLetters as unknown as DeadLetters,
    timeoutMs,
  });
  return { output, engines, dead, deadLetters, open };
}

/** Sends and waits until the engine has the messages. */
async function sending(system: ReturnType<typeof start>, signal = SIGNAL) {
  const sends = () => system.engines.flatMap((engine) => engine.sends);
  const before = sends().length;
  const result = system.output.send(MESSAGES, signal);
  result.catch(() => undefined);
  await vi.waitFor(() => expect(sends()).toHaveLength(before + 1));
  return { result, send: system.engines.at(-1)!.sends.at(-1)! };
}

describe(EngineOutput.name, () => {
  it('delivers in parts, and begins a repeated delivery after the last part that was acknowledged', async () => {
    const text = 'x'.repeat(3 * 1024 * 1024);
    const records = [1, 2, 3, 4, 5].map((seq) => {
      const batch = { count: 1 } as CertificateBatch;
      return { seq, kind: 'next', batch, message: messagesOf([text], seq)[0] } as const;
    });
    const sent: number[][] = [];
    let failures = 1;
    const engine: OutputEngine = {
      send: (messages) => {
        sent.push(messages.map(({ index }) => index));
        return sent.length === 2 && failures-- > 0 ? Promise.reject(new Error('cut off')) : Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const messageOf = (record: OutputRecord) => [records.find(({ seq }) => seq === record.seq)!.message];
    const { output } = start(
      60_000,
      { open: () => Promise.resolve(engine) },
      { messagesOf: (record) => Promise.resolve(messageOf(record)) },
    );
    await expect(output.deliver(records, SIGNAL)).rejects.toThrow('cut off');
    await output.deliver(records, SIGNAL);
    expect(sent).toEqual([[1, 2], [3, 4], [3, 4], [5]]);
  });

  it('keeps its engine after a success', async () => {
    const system = start();
    for (let i = 0; i < 2; i++) {
      const { result, send } = await sending(system);
      send.resolve();
      await result;
    }
    expect(system.engines).toHaveLength(1);
    expect(system.engines[0]).toMatchObject({ closed: 0 });
    await system.output.close();
    expect(system.engines[0].closed).toBe(1);
  });

  it('closes its engine after a failure and opens another one', async () => {
    const system = start();
    const first = await sending(system);
    first.send.reject(new Error('broker down'));
    await expect(first.result).rejects.toThrow('broker down');
    await vi.waitFor(() => expect(system.engines[0].closed).toBe(1));
    const second = await sending(system);
    second.send.resolve();
    await second.result;
    expect(system.engines).toHaveLength(2);
  });

  it('rejects after the time limit, also if the engine ignores its signal', async () => {
    const system = start(20);
    const { result, send } = await sending(system);
    await expect(result).rejects.toMatchObject({
      code: 'OUTPUT_TIMEOUT',
      message: /within 0.02 s/ as unknown,
    });
    expect(send.signal.aborted).toBe(true);
    await vi.waitFor(() => expect(system.engines[0].closed).toBe(1));
    // What the engine says afterwards has no effect.
    send.reject(new MessagesRefusedError([{ message: MESSAGES[0], reason: 'large' }]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(system.dead).toEqual([]);
  });

  it('closes an engine that is open only after the time limit', async () => {
    const late = new ManualEngine();
    let opened = (_engine: OutputEngine): void => undefined;
    const system = start(20, { open: () => new Promise((resolve) => (opened = resolve)) });
    await expect(system.output.send(MESSAGES, SIGNAL)).rejects.toMatchObject({ code: 'OUTPUT_TIMEOUT' });
    opened(late);
    await vi.waitFor(() => expect(late.closed).toBe(1));
    expect(late.sends).toEqual([]);
  });

  it('rejects when an engine cannot be opened, and tries again', async () => {
    const open = vi
      .fn()
      .mockRejectedValueOnce(new Error('no such host'))
      .mockResolvedValue(new ManualEngine());
    const { output } = start(60_000, { open });
    await expect(output.send(MESSAGES, SIGNAL)).rejects.toThrow('no such host');
    void output.send(MESSAGES, SIGNAL).catch(() => undefined);
    await vi.waitFor(() => expect(open).toHaveBeenCalledTimes(2));
  });

  it('rejects when the server stops, and does not open an engine after the stop', async () => {
    const stop = new AbortController();
    const system = start();
    const { result, send } = await sending(system, stop.signal);
    stop.abort();
    await expect(result).rejects.toThrow('the server stops');
    expect(send.signal.aborted).toBe(true);
    await expect(system.output.send(MESSAGES, stop.signal)).rejects.toThrow('the server stops');
    expect(system.open).toHaveBeenCalledTimes(1);
  });

  it('leaves no listener at the signal of the server', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const system = start();
    const { result, send } = await sending(system, signal);
    send.resolve();
    await result;
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls).toEqual(added.mock.calls.map(([type, listener]) => [type, listener]));
  });

  it('puts refused messages into the dead letters and acknowledges the delivery', async () => {
    const system = start();
    const { result, send } = await sending(system);
    send.reject(new MessagesRefusedError([{ message: MESSAGES[1], reason: 'too large' }]));
    await result;
    expect(system.dead).toEqual([{ message: MESSAGES[1], reason: 'too large' }]);
    expect(system.engines[0].closed).toBe(0);
  });

  it('closes source and dead letters after the engine, also if one of them fails', async () => {
    const close = vi.fn(() => Promise.reject(new Error('stuck')));
    const system = start(60_000, { close });
    await expect(system.output.close()).rejects.toThrow('stuck');
    expect(system.deadLetters.close).toHaveBeenCalledTimes(1);
  });

  it('names itself in the error of a start', async () => {
    const error = new OutputError('OUTPUT_FOLDER_IN_USE', 'the folder /x is used');
    const { output } = start(60_000, { start: () => Promise.reject(error) });
    await expect(output.start()).rejects.toMatchObject({
      code: 'OUTPUT_FOLDER_IN_USE',
      message: 'output soc: the folder /x is used',
    });
  });
});
