import { MultipleErrors, NetworkError, ResponseError } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { range } from '../../../test/support/range.js';
import { outputsSection, type SettingsOf } from '../../config/sections/outputs/outputs.js';
import { MessagesRefusedError } from '../engine/output-engine.js';
import { messagesOf } from '../testing/output-messages.js';
import type { KafkaMessage } from './kafka-batches.js';
import { KafkaEngine } from './kafka-engine.js';

const PRODUCE = 0;
const MESSAGE_TOO_LARGE = 10;
const NOT_LEADER_OR_FOLLOWER = 6;
const [SETTINGS] = outputsSection.parse([{ name: 'lake', type: 'kafka', brokers: ['kafka:9092'] }]) as [
  SettingsOf<'kafka'>,
];

/** A topic that stores batches of at most `limit` octets for each partition. It answers as the client library does. */
class FakeTopic {
  readonly stored: number[] = [];
  readonly sent: number[] = [];
  failure: Error | undefined;

  constructor(
    private readonly count: number,
    private readonly limit: number,
  ) {}

  partitions(): Promise<number> {
    return Promise.resolve(this.count);
  }

  send(messages: readonly KafkaMessage[]): Promise<void> {
    this.sent.push(messages.length);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const answers = range(0, this.count).flatMap((index) => {
      const part = messages.filter(({ partition }) => partition === index);
      if (part.length === 0) return [];
      const isStored = part.reduce((sum, { size }) => sum + size, 0) <= this.limit;
      if (isStored) this.stored.push(...part.map(({ source }) => source.index));
      return [{ index, errorCode: isStored ? 0 : MESSAGE_TOO_LARGE }];
    });
    const failed = answers.filter(({ errorCode }) => errorCode !== 0);
    if (failed.length === 0) return Promise.resolve();
    const errors = failed.map(({ index, errorCode }) => [
      `/responses/0/partition_responses/${index}`,
      [errorCode, null],
    ]);
    const response = { responses: [{ name: 'certstream', partitionResponses: answers }] };
    const answer = new ResponseError(PRODUCE, 11, Object.fromEntries(errors) as never, response);
    return Promise.reject(new MultipleErrors('Producing messages failed.', [answer]));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const { signal } = new AbortController();
const SMALL = range(0, 40).map((i) => [`host-${i}.example.com`]);
const LARGE = range(0, 400).map((i) => `host-${i}.example.com`);

describe(KafkaEngine.name, () => {
  it('splits a batch that is too large for the topic, until all messages are stored', async () => {
    const topic = new FakeTopic(1, 6000);
    await new KafkaEngine(topic, SETTINGS).send(messagesOf(SMALL), signal);
    expect(topic.stored).toEqual(range(0, 40));
    expect(topic.sent[0]).toBe(40);
  });

  it('refuses only the messages that are too large alone', async () => {
    const topic = new FakeTopic(1, 10_000);
    const names = [...SMALL.slice(0, 10), LARGE, ...SMALL.slice(10, 20), LARGE];
    const sending = new KafkaEngine(topic, SETTINGS).send(messagesOf(names), signal);
    const error = await sending.then(
      () => undefined,
      (reason: unknown) => reason as MessagesRefusedError,
    );
    expect(error).toBeInstanceOf(MessagesRefusedError);
    expect(error!.refused.map(({ message }) => message.index)).toEqual([10, 21]);
    expect(error!.refused[0].reason).toMatch(
      /^it has \d+ octets, .* max\.message\.bytes of the topic certstream$/,
    );
    expect(topic.stored).toEqual([...range(0, 10), ...range(11, 21)]);
  });

  it('does not send again what other partitions have stored', async () => {
    const topic = new FakeTopic(4, 12_000);
    const settings = { ...SETTINGS, key: 'domain' as const };
    await expect(
      new KafkaEngine(topic, settings).send(messagesOf([...SMALL, LARGE]), signal),
    ).rejects.toThrow(MessagesRefusedError);
    expect(topic.stored.toSorted((a, b) => a - b)).toEqual(range(0, 40));
  });

  it('fails as a whole if a broker does not answer', async () => {
    const topic = new FakeTopic(1, 10_000);
    topic.failure = new MultipleErrors('Producing messages failed.', [new NetworkError('Connection closed')]);
    const sending = new KafkaEngine(topic, SETTINGS).send(messagesOf([LARGE]), signal);
    await expect(sending).rejects.toMatchObject({ code: 'OUTPUT_UNREACHABLE' });
    expect(topic.sent).toEqual([1]);
  });

  it('fails as a whole if one broker refuses a batch as too large and another does not answer', async () => {
    const tooLarge = { index: 0, errorCode: MESSAGE_TOO_LARGE };
    const response = { responses: [{ name: 'certstream', partitionResponses: [tooLarge] }] };
    const errors = { '/responses/0/partition_responses/0': [MESSAGE_TOO_LARGE, null] };
    const topic = new FakeTopic(1, 10_000);
    topic.failure = new MultipleErrors('Producing messages failed.', [
      new ResponseError(PRODUCE, 11, errors as never, response),
      new NetworkError('Connection closed'),
    ]);
    const sending = new KafkaEngine(topic, SETTINGS).send(messagesOf(SMALL), signal);
    await expect(sending).rejects.not.toThrow(MessagesRefusedError);
    expect(topic.sent).toEqual([40]);
  });

  it('fails as a whole if one broker refuses a batch as too large and another does not lead its partition any more', async () => {
    const answer = (index: number, errorCode: number) => {
      const response = { responses: [{ name: 'certstream', partitionResponses: [{ index, errorCode }] }] };
      const errors = { '/responses/0/partition_responses/0': [errorCode, null] };
      return new ResponseError(PRODUCE, 11, errors as never, response);
    };
    for (const [first, second] of [
      [MESSAGE_TOO_LARGE, NOT_LEADER_OR_FOLLOWER],
      [NOT_LEADER_OR_FOLLOWER, MESSAGE_TOO_LARGE],
    ]) {
      const topic = new FakeTopic(2, 10_000);
      topic.failure = new MultipleErrors('Producing messages failed.', [answer(0, first), answer(1, second)]);
      const settings = { ...SETTINGS, key: 'domain' as const };
      const sending = new KafkaEngine(topic, settings).send(messagesOf(SMALL), signal);
      await expect(sending).rejects.toMatchObject({ code: 'OUTPUT_REFUSED' });
      expect(topic.sent).toEqual([40]);
      expect(topic.stored).toEqual([]);
    }
  });

  it('sends nothing after it is closed or the signal is aborted', async () => {
    const topic = new FakeTopic(1, 10_000);
    const engine = new KafkaEngine(topic, SETTINGS);
    await expect(engine.send(messagesOf(SMALL), AbortSignal.abort())).rejects.toThrow();
    await engine.close();
    await expect(engine.send(messagesOf(SMALL), signal)).rejects.toThrow('closed');
    expect(topic.sent).toEqual([]);
  });
});
