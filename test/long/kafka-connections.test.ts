import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KAFKA_READER, KAFKA_USER, KafkaBroker, NO_KAFKA } from '../support/brokers/kafka-broker.js';
import { firstOccurrences, grow, INITIAL, logIndices, startWithOutputs } from '../support/output-system.js';
import { range } from '../support/range.js';

if (NO_KAFKA !== undefined) console.warn(`SKIPPED test/long/kafka-connections.test.ts: ${NO_KAFKA}`);

const WAIT = { timeout: 120_000, interval: 500 };

let broker: KafkaBroker;

beforeAll(async () => {
  if (NO_KAFKA === undefined) broker = await KafkaBroker.start();
});

afterAll(() => broker?.stop());

describe.skipIf(NO_KAFKA !== undefined)('the connections of a Kafka output', () => {
  it('connects with TLS and every SASL mechanism, or with a client certificate', async () => {
    const { username, password } = KAFKA_USER;
    const secure = (['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).map((mechanism) => ({
      name: mechanism.toLowerCase(),
      ...broker.settings,
      ...broker.secure,
      topic: mechanism.toLowerCase(),
      sasl: { mechanism, username, password },
    }));
    const outputs = [...secure, { name: 'mtls', ...broker.settings, ...broker.certified, topic: 'mtls' }];
    for (const { topic } of outputs) await broker.createTopic(topic, 2);
    const { simulator, output } = await startWithOutputs(outputs);
    grow(simulator.logs, 50);
    for (const { topic } of outputs)
      await expect
        .poll(async () => logIndices(await broker.stored(topic), simulator.logs[0]), WAIT)
        .toEqual(range(INITIAL, INITIAL + 50));
    expect(output.join('')).not.toContain(password);
  });

  it('connects with a password that was corrected in its file, without a restart', async () => {
    const { username, password } = KAFKA_USER;
    const folder = mkdtempSync(join(tmpdir(), 'certstream-kafka-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'password');
    writeFileSync(file, 'an expired one\n');
    await broker.createTopic('corrected', 1);
    const sasl = { mechanism: 'SCRAM-SHA-256', username, password_file: file };
    const lake = { name: 'lake', ...broker.settings, ...broker.secure, topic: 'corrected', sasl };
    const system = await startWithOutputs([lake]);
    const { simulator, output } = system;
    grow(simulator.logs, 10);
    await system.eventually(
      () => output.some((line) => /output lake: the brokers refuse the user/.test(line)),
      'the report of the failure',
    );
    writeFileSync(file, `${password}\n`);
    await expect
      .poll(async () => logIndices(await broker.stored('corrected'), simulator.logs[0]), WAIT)
      .toEqual(range(INITIAL, INITIAL + 10));
  });

  it('goes on when its SASL session ends after connections.max.reauth.ms', async () => {
    const strict = await KafkaBroker.start({
      partitions: 1,
      properties: { 'connections.max.reauth.ms': '3000' },
    });
    onTestFinished(() => strict.stop());
    const sasl = { mechanism: 'SCRAM-SHA-256', ...KAFKA_USER };
    const lake = { name: 'lake', ...strict.settings, ...strict.secure, sasl };
    const { simulator } = await startWithOutputs([lake]);
    const [log] = simulator.logs;
    // Entries for the length of several sessions, with pauses that are shorter and longer than one.
    for (const pause of [500, 500, 500, 500, 500, 500, 500, 500, 4000, 500, 4000]) {
      grow([log], 10);
      await delay(pause);
    }
    const { size } = log;
    await expect
      .poll(async () => firstOccurrences(await strict.stored(), log), WAIT)
      .toEqual(range(INITIAL, size));
  });

  it('has one clear line for a missing topic, wrong credentials, missing rights and missing TLS', async () => {
    const { username, password } = KAFKA_USER;
    const mechanism = 'SCRAM-SHA-512';
    const ofSecure = { ...broker.settings, ...broker.secure };
    const outputs = [
      { name: 'missing', ...broker.settings, topic: 'no-such-topic' },
      { name: 'wrong', ...ofSecure, sasl: { mechanism, username, password: 'not the secret' } },
      { name: 'plain', ...ofSecure, sasl: { mechanism: 'PLAIN', username, password: 'not the secret' } },
      { name: 'reader', ...ofSecure, sasl: { mechanism, ...KAFKA_READER } },
      { name: 'untrusted', ...ofSecure, tls: {}, sasl: { mechanism, username, password } },
      { name: 'unencrypted', ...broker.settings, brokers: broker.secure.brokers },
      { name: 'anonymous', ...broker.settings, ...broker.certified, tls: broker.secure.tls },
      { name: 'lake', ...broker.settings, topic: 'beside' },
    ];
    await broker.createTopic('beside', 1);
    const system = await startWithOutputs(outputs);
    const { simulator, output } = system;
    grow(simulator.logs, 10);
    const lines: Record<string, RegExp> = {
      missing: /the topic no-such-topic does not exist.*create it/,
      wrong:
        /the brokers refuse the user certstream with SCRAM-SHA-512: .*check username, password and mechanism/,
      plain: /the brokers refuse the user certstream with PLAIN: .*check username, password and mechanism/,
      reader: /do not let the user reader write to the topic certstream; grant/,
      untrusted: /brokers cannot be reached: .*(self-signed|unable to)/,
      unencrypted: /closed the connection; they have stopped, or expect tls/,
      anonymous: /127\.0\.0\.1/,
    };
    for (const [name, line] of Object.entries(lines)) {
      const own = () => output.filter((one) => one.includes(`output ${name}: `));
      await system.eventually(() => own().length > 0, `the line of ${name}`);
      expect(own()[0]).toMatch(line);
      expect(own()[0].trimEnd()).not.toContain('\n');
    }
    expect(output.join('')).not.toMatch(/not the secret|a secret of the tests/);
    // The others disturb neither an output that works nor the logs.
    await expect.poll(async () => (await broker.stored('beside')).length, WAIT).toBe(10);
    await broker.createTopic('no-such-topic', 1);
    await expect.poll(async () => (await broker.stored('no-such-topic')).length, WAIT).toBe(10);
  });
});
