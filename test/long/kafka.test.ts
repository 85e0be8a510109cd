import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createServerCertificate } from '../../src/simulator/server-certificate.js';
import { submissionOf } from '../../src/testing/submissions.js';
import { KafkaBroker, NO_KAFKA } from '../support/brokers/kafka-broker.js';
import { firstOccurrences, grow, INITIAL, logIndices, startWithOutputs } from '../support/output-system.js';
import { range } from '../support/range.js';

if (NO_KAFKA !== undefined) console.warn(`SKIPPED test/long/kafka.test.ts: ${NO_KAFKA}`);

const PARTITIONS = 6;
const WAIT = { timeout: 120_000, interval: 500 };
const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', ...('zstdCompressSync' in zlib ? ['zstd'] : [])];

let broker: KafkaBroker;

beforeAll(async () => {
  if (NO_KAFKA === undefined) broker = await KafkaBroker.start({ partitions: PARTITIONS });
});

afterAll(() => broker?.stop());

describe.skipIf(NO_KAFKA !== undefined)('a Kafka output', () => {
  it('writes every entry of every log in order to one partition per log, and uses all partitions', async () => {
    const { simulator } = await startWithOutputs([{ name: 'lake', ...broker.settings }], 24);
    for (let round = 0; round < 5; round++) grow(simulator.logs, 20);
    await expect.poll(async () => (await broker.stored()).length, WAIT).toBe(24 * 100);
    const stored = await broker.stored();
    for (const log of simulator.logs) {
      expect(logIndices(stored, log)).toEqual(range(INITIAL, INITIAL + 100));
      const own = stored.filter((message) => logIndices([message], log).length > 0);
      expect(new Set(own.map(({ lane, key }) => `${lane} ${key}`)).size).toBe(1);
    }
    expect(new Set(stored.map(({ lane }) => lane)).size).toBe(PARTITIONS);
    expect(new Set(stored.map(({ id }) => id)).size).toBe(24 * 100);
  });

  it("is read by Kafka's own console consumer, with keys and the headers of CloudEvents", async () => {
    await broker.createTopic('console', 1);
    const { simulator } = await startWithOutputs([
      { name: 'lake', ...broker.settings, topic: 'console', compression: 'lz4' },
    ]);
    grow(simulator.logs, 3);
    await expect.poll(async () => (await broker.stored('console')).length, WAIT).toBe(3);
    const lines = await broker.consoleConsumer(3, 'console');
    expect(lines).toHaveLength(3);
    lines.forEach((line, i) => {
      const [partition, headers, key, value] = line.split('\t');
      expect(partition).toBe('Partition:0');
      expect(headers).toContain(`ce_id:${key}:${INITIAL + i}`);
      expect(headers).toContain('ce_specversion:1.0,');
      expect(headers).toContain('ce_type:certstream.lite');
      expect(JSON.parse(value)).toMatchObject({ message_type: 'certificate_update' });
    });
  });

  it('has every compression, and every key', async () => {
    const outputs = COMPRESSIONS.map((compression, i) => ({
      name: compression,
      ...broker.settings,
      topic: `with-${compression}`,
      compression,
      key: (['none', 'domain', 'sha256', 'none', 'log'] as const)[i],
      stream: i % 2 === 0 ? 'lite' : 'full',
      max_batch_kb: 64,
    }));
    for (const { topic } of outputs) await broker.createTopic(topic, 3);
    const { simulator } = await startWithOutputs(outputs);
    grow(simulator.logs, 400);
    for (const { topic, key } of outputs) {
      await expect.poll(async () => (await broker.stored(topic)).length, WAIT).toBe(400);
      const stored = await broker.stored(topic);
      expect(
        logIndices(stored, simulator.logs[0]).toSorted((a, b) => a - b),
        topic,
      ).toEqual(range(INITIAL, INITIAL + 400));
      if (key !== 'log') expect(new Set(stored.map(({ lane }) => lane)).size, topic).toBe(3);
      const keys = new Set(stored.map((message) => message.key));
      if (key === 'sha256') expect([...keys].every((one) => /^[0-9a-f]{64}$/.test(one ?? ''))).toBe(true);
    }
  });

  it('loses no entry when the broker is killed, and keeps the order of each log', async () => {
    await broker.createTopic('killed', PARTITIONS);
    const system = await startWithOutputs(
      [{ name: 'lake', ...broker.settings, topic: 'killed', timeout_seconds: 5 }],
      4,
    );
    const { simulator } = system;
    const { logs } = simulator;
    grow(logs, 300);
    await expect.poll(async () => (await broker.stored('killed')).length, WAIT).toBeGreaterThan(0);
    grow(logs, 300);
    await broker.kill();
    grow(logs, 300);
    await system.eventually(
      () =>
        system.output.some((line) => /output lake: .*(cannot be reached|closed the connection)/.test(line)),
      'the report of the failure',
    );
    await broker.restart();
    await expect
      .poll(async () => new Set((await broker.stored('killed')).map(({ id }) => id)).size, WAIT)
      .toBe(4 * 900);
    const stored = await broker.stored('killed');
    for (const log of logs) expect(firstOccurrences(stored, log)).toEqual(range(INITIAL, INITIAL + 900));
  });

  it('delivers everything after a broker that hung', async () => {
    await broker.createTopic('paused', 2);
    const system = await startWithOutputs([
      { name: 'lake', ...broker.settings, topic: 'paused', timeout_seconds: 3 },
    ]);
    const { simulator } = system;
    const [log] = simulator.logs;
    grow([log], 100);
    await expect.poll(async () => (await broker.stored('paused')).length, WAIT).toBe(100);
    broker.pause();
    onTestFinished(() => broker.resume());
    grow([log], 100);
    await system.eventually(
      () => system.output.some((line) => /output lake: the brokers at .* do not answer/.test(line)),
      'the report of the failure',
    );
    broker.resume();
    await expect
      .poll(async () => firstOccurrences(await broker.stored('paused'), log), WAIT)
      .toEqual(range(INITIAL, INITIAL + 200));
  });

  it('puts a message that the topic does not accept into the dead-letter file, and delivers the others', async () => {
    await broker.createTopic('small', 1, { 'max.message.bytes': '12000' });
    const { simulator, folder } = await startWithOutputs([
      { name: 'lake', ...broker.settings, topic: 'small' },
    ]);
    const [log] = simulator.logs;
    const names = range(0, 500).map((i) => `host-${i}.example.com`);
    log.append(30);
    log.appendSubmission(submissionOf(createServerCertificate(names).certPem));
    log.append(30);
    log.publish();
    const expected = range(INITIAL, INITIAL + 61).filter((index) => index !== INITIAL + 30);
    await expect.poll(async () => logIndices(await broker.stored('small'), log), WAIT).toEqual(expected);
    const file = join(folder, 'journal', 'lake.dead-letters.jsonl');
    const linesOf = () => readFileSync(file, { encoding: 'utf8', flag: 'a+' }).trimEnd().split('\n');
    await expect.poll(() => linesOf()[0], WAIT).not.toBe('');
    const lines = linesOf();
    expect(lines).toHaveLength(1);
    const letter = JSON.parse(lines[0]) as {
      id: string;
      reason: string;
      message: { data: { cert_index: number } };
    };
    expect(letter.message.data.cert_index).toBe(INITIAL + 30);
    expect(letter.reason).toMatch(/more than max\.message\.bytes of the topic small/);
    grow([log], 5);
    await expect
      .poll(async () => logIndices(await broker.stored('small'), log).slice(-5), WAIT)
      .toEqual(range(INITIAL + 61, INITIAL + 66));
  });
});
