import { describe, expect, it } from 'vitest';
import { messagesOf, numberedMessages } from '../../../test/support/output-messages.js';
import type { OutputMessage } from '../messages/output-message.js';
import { type BatchLimits, BatchSender, TooLargeError } from './batch-sender.js';
import { MessagesRefusedError } from './output-engine.js';

function start(limits: Partial<BatchLimits>) {
  const requests: number[][] = [];
  const sender = new BatchSender({
    messages: Infinity,
    bytes: Infinity,
    head: 0,
    sizeOf: ({ text }) => text.length,
    ...limits,
  });
  const send = (messages: readonly OutputMessage[], answer: (indices: number[]) => void = () => undefined) =>
    sender.send(messages, (batch) => {
      const indices = batch.map(({ index }) => index);
      requests.push(indices);
      return Promise.resolve().then(() => answer(indices));
    });
  return { requests, send };
}

describe(BatchSender, () => {
  it('divides messages by number', async () => {
    const { requests, send } = start({ messages: 2 });
    await send(numberedMessages(0, 5));
    expect(requests).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('divides messages by size, and sends a larger one alone', async () => {
    const { requests, send } = start({ bytes: 10, head: 2 });
    await send(messagesOf(['1234', '1234', '1', '1234567890123', '12345678', '']));
    expect(requests).toEqual([[0, 1], [2], [3], [4, 5]]);
  });

  it('sends nothing for no messages', async () => {
    const { requests, send } = start({});
    await send([]);
    expect(requests).toEqual([]);
  });

  it('sends halves of a batch that is too large, and refuses a message that is too large alone', async () => {
    const { requests, send } = start({});
    const sent = send(numberedMessages(0, 5), (indices) => {
      if (indices.includes(3)) throw new TooLargeError('the limit is small');
    });
    await expect(sent).rejects.toThrow(MessagesRefusedError);
    await expect(sent).rejects.toMatchObject({
      refused: [{ message: { index: 3 }, reason: 'the limit is small' }],
    });
    expect(requests).toEqual([[0, 1, 2, 3, 4], [0, 1, 2], [3, 4], [3], [4]]);
  });

  it('refuses a message above the limit without a request, and sends the others', async () => {
    const { requests, send } = start({ largestText: 4 });
    await expect(send(messagesOf(['1234', '12345', '123']))).rejects.toMatchObject({
      refused: [{ message: { index: 1 }, reason: 'it has 5 octets, and the limit is 4' }],
    });
    expect(requests).toEqual([[0, 2]]);
  });

  it('does not repeat what a failed delivery has had acknowledged', async () => {
    const { requests, send } = start({ messages: 2 });
    const messages = numberedMessages(0, 6);
    let isDown = true;
    const answer = (indices: number[]): void => {
      if (isDown && indices.includes(4)) throw new Error('down');
    };
    await expect(send(messages, answer)).rejects.toThrow('down');
    await expect(send(messages, answer)).rejects.toThrow('down');
    isDown = false;
    await send(messages, answer);
    expect(requests).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [4, 5],
      [4, 5],
    ]);
    await send(messages);
    expect(requests.slice(5)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });
});
